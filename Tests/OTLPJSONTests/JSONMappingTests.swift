import OTLP
import Testing

/// A request with one span, given by its members.
func request(spanMembers: String) -> [UInt8] {
    Array(#"{"resourceSpans":[{"scopeSpans":[{"spans":[{\#(spanMembers)}]}]}]}"#.utf8)
}

/// Section D of the rules for OTLP/HTTP, and the JSON mapping of protobuf that it stands on.
@Suite struct JSONMappingTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        /// Members of the span as a sender writes them.
        var sent: String
        /// The same members as this codec writes them.
        var canonical: String
        var testDescription: String { name }

        init(_ name: String, _ sent: String, _ canonical: String) {
            self.name = name
            self.sent = sent
            self.canonical = canonical
        }
    }

    static let trace = "0102030405060708090a0b0c0d0e0f10"

    static func value(_ json: String) -> String { #""attributes":[{"key":"k","value":\#(json)}]"# }

    static let ids: [Row] = [
        Row("trace id", #""traceId":"\#(trace)""#, #""traceId":"\#(trace)""#),
        Row(
            "trace id in capitals", #""traceId":"\#(trace.uppercased())""#,
            #""traceId":"\#(trace)""#),
        Row(
            "trace id with an escape", #""traceId":"\u0030102030405060708090a0b0c0d0e0f10""#,
            #""traceId":"\#(trace)""#),
        Row(
            "span and parent", #""spanId":"00000000000000ff","parentSpanId":"AA00000000000001""#,
            #""spanId":"00000000000000ff","parentSpanId":"aa00000000000001""#),
        Row("empty ids are unset", #""traceId":"","spanId":"","parentSpanId":"""#, ""),
        Row("null ids are unset", #""traceId":null,"spanId":null,"parentSpanId":null"#, ""),
        Row("short id stays as it came", #""traceId":"0aFF""#, #""traceId":"0aff""#),
        Row("id of an odd length keeps its text", #""spanId":"abc""#, #""spanId":"616263""#),
        Row("id that is not hexadecimal keeps its text", #""spanId":"zz""#, #""spanId":"7a7a""#),
        Row(
            "the last of two ids counts", #""spanId":"zz","spanId":"00000000000000ff""#,
            #""spanId":"00000000000000ff""#),
        Row(
            "a wrong id replaces a right one", #""spanId":"00000000000000ff","spanId":"zz""#,
            #""spanId":"7a7a""#),
        Row("null after a wrong id", #""spanId":"zz","spanId":null"#, ""),
        Row(
            "zero id stays as it came", #""parentSpanId":"0000000000000000""#,
            #""parentSpanId":"0000000000000000""#),
        Row(
            "ids of a link",
            #""links":[{"traceId":"\#(trace)","spanId":"00000000000000FF"},{"spanId":"zz"}]"#,
            #""links":[{"traceId":"\#(trace)","spanId":"00000000000000ff"},{"spanId":"7a7a"}]"#),
    ]

    static let numbers: [Row] = [
        Row(
            "time as text", #""startTimeUnixNano":"18446744073709551615""#,
            #""startTimeUnixNano":"18446744073709551615""#),
        Row(
            "time as a number", #""startTimeUnixNano":1544712660000000000"#,
            #""startTimeUnixNano":"1544712660000000000""#),
        Row("time with an exponent", #""endTimeUnixNano":1.5e3"#, #""endTimeUnixNano":"1500""#),
        Row(
            "time as text with a fraction", #""endTimeUnixNano":"42.0""#, #""endTimeUnixNano":"42""#
        ),
        Row("zero time is unset", #""startTimeUnixNano":0,"endTimeUnixNano":"0""#, ""),
        Row(
            "int value as text", value(#"{"intValue":"-9223372036854775808"}"#),
            value(#"{"intValue":"-9223372036854775808"}"#)),
        Row(
            "int value as a number", value(#"{"intValue":9223372036854775807}"#),
            value(#"{"intValue":"9223372036854775807"}"#)),
        Row(
            "int value with an exponent", value(#"{"intValue":1e3}"#),
            value(#"{"intValue":"1000"}"#)),
        Row(
            "int value with zeros after the point", value(#"{"intValue":-1200.00e-2}"#),
            value(#"{"intValue":"-12"}"#)),
        Row("int value zero is set", value(#"{"intValue":0}"#), value(#"{"intValue":"0"}"#)),
        Row("int value minus zero", value(#"{"intValue":"-0"}"#), value(#"{"intValue":"0"}"#)),
        Row("count as text", #""droppedAttributesCount":"7""#, #""droppedAttributesCount":7"#),
        Row(
            "counts",
            #""droppedAttributesCount":1,"droppedEventsCount":2,"droppedLinksCount":4294967295"#,
            #""droppedAttributesCount":1,"droppedEventsCount":2,"droppedLinksCount":4294967295"#),
        Row("flags", #""flags":257"#, #""flags":257"#),
        Row("double", value(#"{"doubleValue":0.1}"#), value(#"{"doubleValue":0.1}"#)),
        Row(
            "double written as an integer", value(#"{"doubleValue":3}"#),
            value(#"{"doubleValue":3.0}"#)),
        Row("double as text", value(#"{"doubleValue":"1e-7"}"#), value(#"{"doubleValue":1e-07}"#)),
        Row("double minus zero", value(#"{"doubleValue":-0.0}"#), value(#"{"doubleValue":-0.0}"#)),
        Row("NaN", value(#"{"doubleValue":"NaN"}"#), value(#"{"doubleValue":"NaN"}"#)),
        Row(
            "infinity", value(#"{"doubleValue":"Infinity"}"#), value(#"{"doubleValue":"Infinity"}"#)
        ),
        Row(
            "minus infinity", value(#"{"doubleValue":"-Infinity"}"#),
            value(#"{"doubleValue":"-Infinity"}"#)),
    ]

    static let enumerations: [Row] = [
        Row("kind as a number", #""kind":2"#, #""kind":2"#),
        Row("kind by name", #""kind":"SPAN_KIND_SERVER""#, #""kind":2"#),
        Row("kind as text", #""kind":"3""#, #""kind":3"#),
        Row("kind that has no name", #""kind":-5"#, #""kind":-5"#),
        Row("kind unspecified", #""kind":"SPAN_KIND_UNSPECIFIED""#, ""),
        Row("unknown name is unset", #""kind":"SPAN_KIND_NEW""#, ""),
        Row("kind null", #""kind":null"#, ""),
        Row(
            "status by name", #""status":{"code":"STATUS_CODE_ERROR","message":"no"}"#,
            #""status":{"message":"no","code":2}"#),
        Row("status ok", #""status":{"code":"STATUS_CODE_OK"}"#, #""status":{"code":1}"#),
        Row("empty status is set", #""status":{}"#, #""status":{}"#),
        Row("status null", #""status":null"#, ""),
        Row(
            "the last of two statuses counts",
            #""status":{"code":2,"message":"no"},"status":{"code":1}"#, #""status":{"code":1}"#),
    ]

    static let values: [Row] = [
        Row("empty text is set", value(#"{"stringValue":""}"#), value(#"{"stringValue":""}"#)),
        Row("false is set", value(#"{"boolValue":false}"#), value(#"{"boolValue":false}"#)),
        Row("no member", value("{}"), value("{}")),
        Row("null member is unset", value(#"{"stringValue":null}"#), value("{}")),
        Row("null value is unset", value("null"), #""attributes":[{"key":"k"}]"#),
        Row(
            "null keeps the member before it", value(#"{"intValue":1,"stringValue":null}"#),
            value(#"{"intValue":"1"}"#)),
        Row(
            "the last of two members counts", value(#"{"intValue":1,"stringValue":"x"}"#),
            value(#"{"stringValue":"x"}"#)),
        Row("no value", #""attributes":[{"key":"k"}]"#, #""attributes":[{"key":"k"}]"#),
        Row(
            "no key", #""attributes":[{"value":{"intValue":1}}]"#,
            #""attributes":[{"value":{"intValue":"1"}}]"#),
        Row(
            "value before key", #""attributes":[{"value":{"intValue":1},"key":"k"}]"#,
            value(#"{"intValue":"1"}"#)),
        Row("null attribute", #""attributes":[null,{"key":"k"}]"#, #""attributes":[{"key":"k"}]"#),
        Row("null attributes", #""attributes":null"#, ""),
        Row(
            "repeated keys stay", #""attributes":[{"key":"k"},{"key":"k"}]"#,
            #""attributes":[{"key":"k"},{"key":"k"}]"#),
        Row(
            "the last of two lists counts",
            #""attributes":[{"key":"a"}],"attributes":[{"key":"b"}]"#,
            #""attributes":[{"key":"b"}]"#),
        Row("bytes", value(#"{"bytesValue":"AP8/+w=="}"#), value(#"{"bytesValue":"AP8/+w=="}"#)),
        Row(
            "bytes of the URL alphabet", value(#"{"bytesValue":"AP8_-w=="}"#),
            value(#"{"bytesValue":"AP8/+w=="}"#)),
        Row(
            "bytes without padding", value(#"{"bytesValue":"AP8/+w"}"#),
            value(#"{"bytesValue":"AP8/+w=="}"#)),
        Row("no bytes", value(#"{"bytesValue":""}"#), value(#"{"bytesValue":""}"#)),
        Row(
            "array",
            value(
                #"{"arrayValue":{"values":[{"intValue":1},{"stringValue":"é"},{},{"doubleValue":2},{"boolValue":true},{"bytesValue":"AA=="}]}}"#
            ),
            value(
                #"{"arrayValue":{"values":[{"intValue":"1"},{"stringValue":"é"},{},{"doubleValue":2.0},{"boolValue":true},{"bytesValue":"AA=="}]}}"#
            )),
        Row("empty array", value(#"{"arrayValue":{"values":[]}}"#), value(#"{"arrayValue":{}}"#)),
        Row("array without values", value(#"{"arrayValue":{}}"#), value(#"{"arrayValue":{}}"#)),
        Row(
            "null element keeps its place",
            value(#"{"arrayValue":{"values":[null,{"intValue":1}]}}"#),
            value(#"{"arrayValue":{"values":[{},{"intValue":"1"}]}}"#)),
        Row(
            "list",
            value(
                #"{"kvlistValue":{"values":[{"key":"a","value":{"arrayValue":{"values":[{"kvlistValue":{}}]}}}]}}"#
            ),
            value(
                #"{"kvlistValue":{"values":[{"key":"a","value":{"arrayValue":{"values":[{"kvlistValue":{}}]}}}]}}"#
            )),
        Row(
            "escapes in a nested text",
            value(#"{"arrayValue":{"values":[{"stringValue":"a\n\u00e9"}]}}"#),
            value(#"{"arrayValue":{"values":[{"stringValue":"a\né"}]}}"#)),
    ]

    static let names: [Row] = [
        Row(
            "unknown members of every kind and depth",
            #""x":{"a":[1,{"b":[[[]]]}],"name":"no"},"y":[{"name":"no"}],"z":1.5,"name":"yes""#,
            #""name":"yes""#),
        Row("a name with an escape", #""n\u0061me":"yes""#, #""name":"yes""#),
        Row("the last of two members", #""name":"no","name":"yes""#, #""name":"yes""#),
        Row("null after a value", #""name":"no","name":null"#, ""),
        Row(
            "names of the schema",
            #""trace_id":"\#(trace)","span_id":"00000000000000ff","parent_span_id":"00000000000000fe","trace_state":"a=b","start_time_unix_nano":1,"end_time_unix_nano":2,"dropped_links_count":3,"attributes":[{"key":"k","value":{"string_value":"v"}}]"#,
            #""traceId":"\#(trace)","spanId":"00000000000000ff","traceState":"a=b","parentSpanId":"00000000000000fe","startTimeUnixNano":"1","endTimeUnixNano":"2","attributes":[{"key":"k","value":{"stringValue":"v"}}],"droppedLinksCount":3"#
        ),
        Row("lone surrogate", #""name":"a\ud800b""#, "\"name\":\"a\u{FFFD}b\""),
        Row("surrogate pair", #""name":"\ud83d\ude00""#, #""name":"😀""#),
        Row(
            "events",
            #""events":[{"timeUnixNano":1,"name":"e","attributes":[{"key":"k"}],"droppedAttributesCount":2},{}]"#,
            #""events":[{"timeUnixNano":"1","name":"e","attributes":[{"key":"k"}],"droppedAttributesCount":2},{}]"#
        ),
        Row(
            "links",
            #""links":[{"traceState":"a=b","attributes":[{"key":"k"}],"droppedAttributesCount":2,"flags":1},{}]"#,
            #""links":[{"traceState":"a=b","attributes":[{"key":"k"}],"droppedAttributesCount":2,"flags":1},{}]"#
        ),
        Row(
            "the last of two event lists",
            #""events":[{"name":"a"},{"name":"b"}],"events":[{"name":"c"}]"#,
            #""events":[{"name":"c"}]"#),
    ]

    @Test(
        "A span in JSON is read by the rules",
        arguments: ids + numbers + enumerations + values + names)
    func readsSpan(_ row: Row) throws {
        let batch = try TraceBatch(json: request(spanMembers: row.sent))
        #expect(batch.spans.count == 1)
        let written = batch.json()
        #expect(
            String(decoding: written, as: UTF8.self)
                == String(decoding: request(spanMembers: row.canonical), as: UTF8.self))
        let throughProtobuf = try TraceBatch(protobuf: batch.protobuf())
        #expect(throughProtobuf.json() == written, "by way of protobuf")
        #expect(try TraceBatch(json: batch.json(pretty: true)).json() == written, "pretty")
    }

    static let requests: [Row] = [
        Row("empty request", "{}", "{}"),
        Row("white space around", " \r\n\t{ } \n", "{}"),
        Row("null list", #"{"resourceSpans":null}"#, "{}"),
        Row("empty list", #"{"resourceSpans":[]}"#, "{}"),
        Row(
            "empty envelopes", #"{"resourceSpans":[{},{"scopeSpans":[{},{"spans":[]}]}]}"#,
            #"{"resourceSpans":[{},{"scopeSpans":[{},{}]}]}"#),
        Row(
            "names of the schema",
            #"{"resource_spans":[{"schema_url":"u","scope_spans":[{"schema_url":"v"}]}]}"#,
            #"{"resourceSpans":[{"scopeSpans":[{"schemaUrl":"v"}],"schemaUrl":"u"}]}"#),
        Row(
            "resource and scope after their content",
            #"{"resourceSpans":[{"scopeSpans":[{"spans":[{}],"scope":{"name":"s","version":"1"}}],"resource":{"attributes":[{"key":"k"}],"droppedAttributesCount":1}}]}"#,
            #"{"resourceSpans":[{"resource":{"attributes":[{"key":"k"}],"droppedAttributesCount":1},"scopeSpans":[{"scope":{"name":"s","version":"1"},"spans":[{}]}]}]}"#
        ),
        Row(
            "empty resource and scope are set",
            #"{"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{}}]}]}"#,
            #"{"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{}}]}]}"#),
        Row(
            "null resource and scope are not",
            #"{"resourceSpans":[{"resource":null,"scopeSpans":[{"scope":null}]}]}"#,
            #"{"resourceSpans":[{"scopeSpans":[{}]}]}"#),
        Row(
            "the last of two resource lists",
            #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"spanId":"zz"}]}]}],"resourceSpans":[{}]}"#,
            #"{"resourceSpans":[{}]}"#),
        Row(
            "the last of two scope lists",
            #"{"resourceSpans":[{},{"scopeSpans":[{"spans":[{}]},{}],"scopeSpans":[{"spans":[{"name":"x"}]}]}]}"#,
            #"{"resourceSpans":[{},{"scopeSpans":[{"spans":[{"name":"x"}]}]}]}"#),
        Row(
            "the last of two span lists",
            #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a"}]},{"spans":[{"name":"b","spanId":"zz"}],"spans":[{"spanId":"yy"}]}]}]}"#,
            #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a"}]},{"spans":[{"spanId":"7979"}]}]}]}"#
        ),
        Row(
            "lists of old senders are ignored",
            #"{"resourceSpans":[{"instrumentationLibrarySpans":[{"spans":[{}]}]}]}"#,
            #"{"resourceSpans":[{}]}"#),
    ]

    @Test("A request in JSON is read by the rules", arguments: requests)
    func readsRequest(_ row: Row) throws {
        let batch = try TraceBatch(json: Array(row.sent.utf8))
        #expect(String(decoding: batch.json(), as: UTF8.self) == row.canonical)
        #expect(try TraceBatch(protobuf: batch.protobuf()).json() == batch.json())
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var name: String
        var body: String
        var error: DecodingError
        var testDescription: String { name }

        init(_ name: String, _ body: String, _ location: String, _ offset: Int, _ reason: String) {
            self.name = name
            self.body = body
            error = DecodingError(location: location, offset: offset, reason: reason)
        }
    }

    static let refusals: [Refusal] = [
        Refusal("empty body", "", "", 0, "expected a JSON value, found the end of the text"),
        Refusal(
            "byte order mark", "\u{FEFF}{}", "", 0, "expected a JSON value, found a byte order mark"
        ),
        Refusal("trailing garbage", "{} x", "", 3, "expected the end of the text, found 'x'"),
        Refusal("two requests", "{}{}", "", 2, "expected the end of the text, found '{'"),
        Refusal("an array", "[]", "", 0, "expected an object, found an array"),
        Refusal("null", "null", "", 0, "expected an object, found null"),
        Refusal(
            "list that is none", #"{"resourceSpans":{}}"#, "resourceSpans", 17,
            "expected an array, found an object"),
        Refusal(
            "resource that is none", #"{"resourceSpans":[{},{"resource":[]}]}"#,
            "resourceSpans[1].resource", 33, "expected an object, found an array"),
        Refusal(
            "element that is no object", #"{"resourceSpans":[{},7]}"#, "resourceSpans[1]", 21,
            "expected an object, found a number"),
        Refusal(
            "truncated", #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a"#,
            "resourceSpans[0].scopeSpans[0].spans[0].name", 53,
            "expected a character of a string or '\"', found the end of the text"),
    ]

    @Test("A body that is no request is refused, with the place", arguments: refusals)
    func refuses(_ refusal: Refusal) {
        #expect(throws: refusal.error) { try TraceBatch(json: Array(refusal.body.utf8)) }
    }

    static let wrongMembers: [(member: String, field: String, expected: String, found: String)] = [
        (#""name":5"#, "name", "a string", "a number"),
        (#""traceId":[1,2]"#, "traceId", "a string", "an array"),
        (#""startTimeUnixNano":-1"#, "startTimeUnixNano", "an unsigned 64-bit integer", "a number"),
        (#""startTimeUnixNano":"""#, "startTimeUnixNano", "an unsigned 64-bit integer", "a string"),
        (
            #""startTimeUnixNano":1.5"#, "startTimeUnixNano", "an unsigned 64-bit integer",
            "a number"
        ),
        (
            #""startTimeUnixNano":"18446744073709551616""#, "startTimeUnixNano",
            "an unsigned 64-bit integer", "a string"
        ),
        (
            #""startTimeUnixNano":1e999999999999"#, "startTimeUnixNano",
            "an unsigned 64-bit integer", "a number"
        ),
        (
            #""startTimeUnixNano":"+1""#, "startTimeUnixNano", "an unsigned 64-bit integer",
            "a string"
        ),
        (
            #""startTimeUnixNano":true"#, "startTimeUnixNano", "an unsigned 64-bit integer",
            "a boolean"
        ),
        (
            #""droppedEventsCount":4294967296"#, "droppedEventsCount", "an unsigned 32-bit integer",
            "a number"
        ),
        (#""kind":1.5"#, "kind", "an enumeration", "a number"),
        (#""kind":{}"#, "kind", "an enumeration", "an object"),
        (#""status":2"#, "status", "an object", "a number"),
        (#""attributes":{}"#, "attributes", "an array", "an object"),
        (
            #""attributes":[{"value":{"intValue":9223372036854775808}}]"#,
            "attributes[0].value.intValue", "a 64-bit integer", "a number"
        ),
        (
            #""attributes":[{"value":{"boolValue":"true"}}]"#, "attributes[0].value.boolValue",
            "a boolean", "a string"
        ),
        (
            #""attributes":[{"value":{"doubleValue":"inf"}}]"#, "attributes[0].value.doubleValue",
            "a number", "a string"
        ),
        (
            #""attributes":[{"value":{"doubleValue":" 1"}}]"#, "attributes[0].value.doubleValue",
            "a number", "a string"
        ),
        (
            #""attributes":[{"value":{"doubleValue":"0x1p3"}}]"#, "attributes[0].value.doubleValue",
            "a number", "a string"
        ),
        (
            #""attributes":[{"value":{"bytesValue":"A"}}]"#, "attributes[0].value.bytesValue",
            "base64", "other text"
        ),
        (
            #""attributes":[{"value":{"bytesValue":"A===" }}]"#, "attributes[0].value.bytesValue",
            "base64", "other text"
        ),
        (
            #""attributes":[{"value":{"bytesValue":"A*AA"}}]"#, "attributes[0].value.bytesValue",
            "base64", "other text"
        ),
        (#""attributes":[{},{"value":"x"}]"#, "attributes[1].value", "an object", "a string"),
        (
            #""attributes":[{"value":{"arrayValue":{"values":[{"intValue":[]}]}}}]"#,
            "attributes[0].value.arrayValue.values[0].intValue", "a 64-bit integer", "an array"
        ),
    ]

    @Test("A member of a wrong kind is refused, with its path", arguments: wrongMembers)
    func refusesMember(_ row: (member: String, field: String, expected: String, found: String)) {
        let error = #expect(throws: DecodingError.self) {
            try TraceBatch(json: request(spanMembers: row.member))
        }
        #expect(error?.location == "resourceSpans[0].scopeSpans[0].spans[0].\(row.field)")
        #expect(error?.reason == "expected \(row.expected), found \(row.found)")
        #expect(error?.kind == .malformed)
    }
}
