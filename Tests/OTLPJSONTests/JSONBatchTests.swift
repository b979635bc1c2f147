import OTLP
import Testing

@Suite struct JSONBatchTests {
    @Test("The batch holds what the request says")
    func content() throws {
        let keys = KeyTable(["gen_ai.system", "k"])
        let body = Array(
            #"""
            {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"s"}}]},
            "scopeSpans":[{"scope":{"name":"lib"},"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10",
            "spanId":"00000000000000ff","name":"chat\n","kind":3,"startTimeUnixNano":"5",
            "attributes":[{"key":"k","value":{"kvlistValue":{"values":[{"key":"x","value":{"intValue":"1"}}]}}},
            {"key":"gen_ai.s\u0079stem","value":{"stringValue":"\"é\ud800"}}]}]}]}]}
            """#.utf8)
        let batch = try TraceBatch(json: body, keys: keys)
        let span = try #require(batch.spans.first)
        #expect(span.traceID == TraceID(high: 0x0102_0304_0506_0708, low: 0x090A_0B0C_0D0E_0F10))
        #expect(span.spanID == SpanID(word: 255))
        #expect(batch.string(span.name) == "chat\n")
        #expect(span.kind == 3)
        #expect(span.startTimeUnixNano == 5)
        #expect(batch.string(batch.scope(of: span).name) == "lib")
        #expect(
            batch.keyValues(batch.resource(of: span).attributes)
                == [KeyValue("service.name", "s")])
        #expect(
            batch.keyValues(span.attributes) == [
                KeyValue("k", .keyValueList([KeyValue("x", 1)])),
                KeyValue("gen_ai.system", "\"é\u{FFFD}"),
            ])
        #expect(batch.attributes(span.attributes).map(\.keyID.number) == [2, 1])
        #expect(batch.repairedStrings == 1)
        #expect(span.irregular == [])
    }

    @Test("Wrong ids mark the span, and keep what came")
    func irregularIDs() throws {
        let batch = try TraceBatch(
            json: request(
                spanMembers: #""traceId":"01fF","spanId":"nonsense","links":[{"spanId":"0"}]"#))
        let span = try #require(batch.spans.first)
        #expect(span.irregular == [.traceID, .spanID])
        #expect(batch.links.first?.irregular == [.spanID])
        let kept = batch.irregularIDs.map { Array(batch.bytes($0.bytes)) }
        #expect(Set(kept) == [[1, 255], Array("nonsense".utf8), Array("0".utf8)])
    }

    @Test("Ids in base64, as general converters write bytes, are recovered and told")
    func base64IDs() throws {
        var batch = try TraceBatch(
            json: request(
                spanMembers: #""traceId":"AQIDBAUGBwgJCgsMDQ4PEA==","spanId":"AQIDBAUGBwg=""#))
        #expect(batch.spans.first?.irregular == [.traceID, .spanID])
        #expect(batch.sanitizeIDs().recoveredIDs == 2)
        let span = try #require(batch.spans.first)
        #expect(span.traceID.description == "0102030405060708090a0b0c0d0e0f10")
        #expect(span.spanID.description == "0102030405060708")
    }

    @Test("Values nested beyond the limit are dropped and counted, those at the limit are kept")
    func depth() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: #"{"arrayValue":{"values":["#, count: depth - 1) + "{}"
                + String(repeating: "]}}", count: depth - 1)
        }
        for (limit, depth, isKept) in [
            (64, 64, true), (64, 65, false), (3, 3, true), (3, 4, false), (64, 2000, false),
            (1, 1, true), (1, 2, false),
        ] {
            let batch = try TraceBatch(
                json: request(
                    spanMembers:
                        #""attributes":[{"key":"deep","value":\#(nested(depth))},{"key":"k"}]"#),
                limits: DecodingLimits(maximumValueDepth: limit))
            let span = try #require(batch.spans.first)
            #expect(span.attributes.count == (isKept ? 2 : 1), "\(depth) of \(limit)")
            #expect(span.droppedAttributesCount == (isKept ? 0 : 1), "\(depth) of \(limit)")
            #expect(batch.droppedDeepValues == (isKept ? 0 : 1), "\(depth) of \(limit)")
        }
    }

    @Test("The depth at which a value is dropped is that of the protobuf codec", arguments: 60...67)
    func sameDepthAsProtobuf(depth: Int) throws {
        var value = AnyValue.empty
        for _ in 1..<depth { value = .array([value]) }
        let json =
            String(repeating: #"{"arrayValue":{"values":["#, count: depth - 1) + "{}"
            + String(repeating: "]}}", count: depth - 1)
        var source = try TraceBatch(json: request(spanMembers: #""attributes":[]"#))
        source.setSpanAttribute("k", value, at: 0)
        let fromProtobuf = try TraceBatch(protobuf: source.protobuf())
        let fromJSON = try TraceBatch(
            json: request(spanMembers: #""attributes":[{"key":"k","value":\#(json)}]"#))
        #expect(fromJSON.protobuf() == fromProtobuf.protobuf())
        #expect(fromJSON.droppedDeepValues == fromProtobuf.droppedDeepValues)
    }

    @Test("A nesting of 100,000 is no danger, wherever it is")
    func deepNesting() throws {
        let arrays =
            String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        let objects =
            String(repeating: #"{"a":"#, count: 100_000) + "1"
            + String(repeating: "}", count: 100_000)
        for deep in [arrays, objects] {
            let batch = try TraceBatch(json: request(spanMembers: #""x":\#(deep),"name":"n""#))
            #expect(batch.spans.count == 1)
        }
        #expect(throws: DecodingError.self) { try TraceBatch(json: Array(arrays.utf8)) }
        #expect(try TraceBatch(json: Array(objects.utf8)).spans.isEmpty)
        #expect(throws: DecodingError.self) {
            try TraceBatch(json: Array(String(repeating: #"{"x":["#, count: 100_000).utf8))
        }
        let value = String(repeating: #"{"arrayValue":{"values":["#, count: 100_000)
        let closed = value + String(repeating: "]}}", count: 100_000)
        let batch = try TraceBatch(
            json: request(spanMembers: #""attributes":[{"value":\#(closed)}]"#))
        #expect(batch.droppedDeepValues == 1)
    }

    @Test("A body with more nodes than the limit is refused as such")
    func nodes() throws {
        let limits = DecodingLimits(maximumNodes: 20)
        let few = String(repeating: "{},", count: 13) + "{}"
        let many = few + ",{}"
        _ = try TraceBatch(json: request(spanMembers: #""attributes":[\#(few)]"#), limits: limits)
        for member in [
            #""attributes":[\#(many)]"#, #""events":[\#(many)]"#, #""links":[\#(many)]"#,
            #""attributes":[{"value":{"arrayValue":{"values":[\#(few)]}}}]"#,
        ] {
            let error = #expect(throws: DecodingError.self) {
                try TraceBatch(json: request(spanMembers: member), limits: limits)
            }
            #expect(error?.isLimit == true)
        }
    }

    @Test("Spans that do not lie by scope are written by scope")
    func order() throws {
        var batch = try TraceBatch(
            json: Array(
                #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a"},{"name":"b"}]},{"spans":[{"name":"c"}]}]}]}"#
                    .utf8))
        batch.spans.swapAt(0, 2)
        #expect(
            String(decoding: batch.json(), as: UTF8.self)
                == #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"b"},{"name":"a"}]},{"spans":[{"name":"c"}]}]}]}"#
        )
    }

    @Test("A body is told by its content to be protobuf or JSON")
    func formats() throws {
        var batch = TraceBatch()
        batch = try TraceBatch(json: request(spanMembers: #""name":"n""#))
        #expect(try TraceBatch.detectingFormat(of: batch.protobuf()).format == .protobuf)
        for space in ["", " ", "\n", "\t", "\r\n", "\n\n  "] {
            let text = Array(space.utf8) + batch.json()
            let found = try TraceBatch.detectingFormat(of: text)
            #expect(found.format == .json, "\(space.debugDescription)")
            #expect(found.batch.spans.count == 1)
        }
        #expect(try TraceBatch.detectingFormat(of: []).format == .protobuf)
        for (body, offset) in [("{\"a\":1,}", 7), ("\n{\"a\":1,}", 8), ("no", 0)] {
            let error = #expect(throws: DecodingError.self) {
                try TraceBatch.detectingFormat(of: Array(body.utf8))
            }
            #expect(error?.offset == offset, "\(body.debugDescription)")
        }
    }

    @Test("A protobuf body that begins as JSON may is protobuf")
    func protobufLikeJSON() throws {
        var found = 0
        for length in 1..<200 {
            let name = String(repeating: "n", count: length)
            let batch = try TraceBatch(json: request(spanMembers: #""name":"\#(name)""#))
            let body = batch.protobuf()
            if body.starts(with: Array("\n{".utf8)) { found += 1 }
            let detected = try TraceBatch.detectingFormat(of: body)
            #expect(detected.format == .protobuf)
            #expect(detected.batch.protobuf() == body)
        }
        #expect(found == 1)
    }
}
