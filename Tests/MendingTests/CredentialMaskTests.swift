import Mending
import OTLP
import SemanticConventions
import Testing

@Suite("Credentials never leave a mending")
struct CredentialMaskTests {
    private static let secret = "sk-4711-very-secret"

    private func mended(
        _ attributes: [KeyValue], event: [KeyValue] = [], resource: [KeyValue] = [],
        names: [String] = []
    ) throws -> TraceBatch {
        let rules = try RuleSet.builtIn()
        var batch = TraceBatch(keys: rules.keyTable)
        var record = ResourceRecord()
        record.attributes = batch.append(keyValues: resource)
        batch.resources.append(record)
        batch.scopes.append(ScopeRecord(resource: 0))
        var span = SpanRecord(scope: 0)
        span.traceID = TraceID(high: 1, low: 2)
        span.spanID = SpanID(word: 3)
        span.name = batch.append("chat")
        span.attributes = batch.append(keyValues: attributes)
        var added = EventRecord()
        added.name = batch.append("request")
        added.attributes = batch.append(keyValues: event)
        batch.events.append(added)
        span.events = RecordRange(start: 0, count: 1)
        batch.spans.append(span)
        let mender = Mender(rules: rules, credentials: CredentialNames(additional: names))
        let once = mender.mend(batch, identity: .named("r")).batch
        // Masking what is masked changes nothing.
        #expect(mender.mend(once, identity: .named("r")).batch.json() == once.json())
        return once
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var key: String
        var value: AnyValue
        var masked: AnyValue
        var names: [String] = []
        var testDescription: String { "\(key) \(value)" }
    }

    private static let cases: [Case] = [
        Case(key: "crewai.llm.api_key", value: .string(secret), masked: "[masked]"),
        Case(
            key: "http.request.header.authorization", value: [.string(secret)], masked: ["[masked]"]
        ),
        Case(key: "http.request.header.x-api-key", value: [.string(secret)], masked: ["[masked]"]),
        Case(
            key: "http.response.header.set-cookie", value: [.string(secret)], masked: ["[masked]"]),
        Case(key: "openaiApiKey", value: .string(secret), masked: "[masked]"),
        Case(key: "gen_ai.request.api_key", value: .string(secret), masked: "[masked]"),
        Case(key: "db.password", value: .bytes(Array(secret.utf8)), masked: "[masked]"),
        Case(key: "acme.door.pin", value: 4711, masked: "[masked]", names: ["acme.*.PIN"]),
        Case(
            key: "headers", value: .string(#"{"Authorization": "Bearer \#(secret)", "a": 1}"#),
            masked: #"{"Authorization": "[masked]", "a": 1}"#),
        Case(
            key: "headers", value: .string("{'x-api-key': '\(secret)', 'b': [1]}"),
            masked: "{'x-api-key': '[masked]', 'b': [1]}"),
        Case(
            key: "headers",
            value: .string(#"[(b"authorization", b"Bearer \#(secret)"), (b"a", b"b")]"#),
            masked: #"[(b"authorization", b"[masked]"), (b"a", b"b")]"#),
        Case(
            key: "body", value: .string(#"{"h": "{\"api_key\": \"\#(secret)\", \"c\": 2}"}"#),
            masked: #"{"h": "{\"api_key\": \"[masked]\", \"c\": 2}"}"#),
        Case(
            key: "body", value: .string(#"{"api_key": "\#(secret)\\", "c": "d"}"#),
            masked: #"{"api_key": "[masked]", "c": "d"}"#),
        Case(
            key: "body", value: .string(#"{"api_key": ["\#(secret)", "\#(secret)"], "c": "d"}"#),
            masked: #"{"api_key": ["[masked]", "[masked]"], "c": "d"}"#),
        Case(
            key: "body", value: .string(#"{"password": 4711, "c": "\#(secret.dropLast(19))"}"#),
            masked: #"{"password": 0, "c": ""}"#),
        Case(
            key: "cut off", value: .string(#"{"secret": "\#(secret)"#),
            masked: #"{"secret": "[masked]"#),
        Case(
            key: "nested",
            value: .keyValueList([KeyValue("Cookie", .string(secret)), KeyValue("b", 1)]),
            masked: .keyValueList([KeyValue("Cookie", "[masked]"), KeyValue("b", 1)])),
        Case(
            key: "pairs", value: [["Authorization", .string(secret)], ["b", "c"]],
            masked: [["Authorization", "[masked]"], ["b", "c"]]),
    ]

    private static let urls: [Case] = [
        Case(
            key: "url.full", value: "https://ann:4711@example.com:8080/a?b=c",
            masked: "https://REDACTED:REDACTED@example.com:8080/a?b=c"),
        Case(
            key: "db.connection_string", value: "postgresql://ann:p4711@db:5432/x",
            masked: "[masked]"),
        Case(
            key: "celery.broker", value: "redis://:4711@db:6379/0",
            masked: "redis://:REDACTED@db:6379/0"),
        Case(
            key: "http.url", value: "https://b.example/o?sig=4711%2F&X-Goog-Signature=4711&sigma=1",
            masked: "https://b.example/o?sig=REDACTED&X-Goog-Signature=REDACTED&sigma=1"),
        Case(
            key: "url.full",
            value:
                "https://s3.example/o?AWSAccessKeyId=4711&X-Amz-Credential=4711&a=1#access_token=4711",
            masked:
                "https://s3.example/o?AWSAccessKeyId=REDACTED&X-Amz-Credential=REDACTED&a=1#access_token=REDACTED"
        ),
        Case(
            key: "http.url", value: "https://google.example/v1/models?key=AIza4711&alt=sse",
            masked: "https://google.example/v1/models?key=REDACTED&alt=sse"),
        Case(key: "url.query", value: "a=1&api_key=4711", masked: "a=1&api_key=REDACTED"),
        Case(key: "http.target", value: "/a?api-key=4711", masked: "/a?api-key=REDACTED"),
        Case(
            key: "http.target", value: "/a?q=two words&token=4711",
            masked: "/a?q=two words&token=REDACTED"),
        Case(
            key: "http.target", value: "/to/https://user:4711@b.example/?a=1",
            masked: "/to/https://REDACTED:REDACTED@b.example/?a=1"),
        Case(
            key: "url.full", value: "https://proxy/?a=1&url=https://user:4711@b.example/c&sig=1",
            masked: "https://proxy/?a=1&url=https://REDACTED:REDACTED@b.example/c&sig=REDACTED"),
        Case(
            key: "url.full",
            value:
                "https://proxy/?to=https%3A%2F%2Fuser%3A4711@b.example%2Fc%3Fapi_key%3D4711%26d%3D1&a=1",
            masked:
                "https://proxy/?to=https%3A%2F%2FREDACTED%3AREDACTED@b.example%2Fc%3Fapi_key%3DREDACTED%26d%3D1&a=1"
        ),
        Case(
            key: "http.target", value: "/a?to=http%3a%2f%2fb.example%2f%3ftoken%3d4711%25&c=%zz%2",
            masked: "/a?to=http%3a%2f%2fb.example%2f%3ftoken%3dREDACTED&c=%zz%2"),
        Case(
            key: "exception.message",
            value: "GET https://a.example/?token=4711 failed; see https://ann:4711@b.example.",
            masked:
                "GET https://a.example/?token=REDACTED failed; see https://REDACTED:REDACTED@b.example."
        ),
        Case(
            key: "body", value: #"{"url": "https://a.example/?api_key=4711", "api_key": "4711"}"#,
            masked: #"{"url": "https://a.example/?api_key=REDACTED", "api_key": "[masked]"}"#),
        Case(
            key: "nested", value: .keyValueList([KeyValue("u", "x://a:4711@b")]),
            masked: .keyValueList([KeyValue("u", "x://REDACTED:REDACTED@b")])),
    ]

    @Test("What is masked, in spans, events and resources", arguments: cases + urls)
    func masked(_ example: Case) throws {
        let given = [KeyValue(example.key, example.value)]
        let batch = try mended(given, event: given, resource: given, names: example.names)
        for range in [
            batch.spans[0].attributes, batch.events[0].attributes, batch.resources[0].attributes,
        ] {
            #expect(batch.value(example.key, in: range) == example.masked)
        }
        #expect(!String(decoding: batch.json(), as: UTF8.self).contains("4711"))
        let event = AnyValue.string("event request: \(example.key)")
        #expect(
            batch.value("tracemend.masked", in: batch.spans[0].attributes)
                == .array(
                    [.string(example.key), event].sorted {
                        $0.stringValue ?? "" < $1.stringValue ?? ""
                    }))
        #expect(
            batch.value("tracemend.masked", in: batch.resources[0].attributes)
                == [.string(example.key)])
    }

    @Test(
        "What is no credential stays",
        arguments: [
            ("llm.token_count.prompt", "7"), ("mine.max_tokens", "9"),
            ("metadata", #"{"token": "Hello", "logprob": -0.1, "secretary": "x"}"#),
            (
                "schema",
                #"{"properties":{"password":{"type":"string"}},"required":["password","a"]}"#
            ),
            ("allowed", #"["authorization", "accept", "x"]"#), ("empty.api_key", ""),
            ("text", "the password: is in the drawer"),
            ("url.full", "https://example.com:8080/a?key=b&sigma=1&q=x:y@z"),
            ("url.full", "ssh://git@example.com/a.git"), ("url.query", "a=b&key=c"),
            ("url.full", "https://REDACTED:REDACTED@example.com/?sig=REDACTED&token="),
            ("text", "a ://, a:b@c, ?sig=1 and http://"), ("has.password", "[masked]"),
        ])
    func kept(_ key: String, _ value: String) throws {
        let batch = try mended([KeyValue(key, .string(value))])
        #expect(batch.value(key, in: batch.spans[0].attributes) == .string(value))
        #expect(batch.value("tracemend.masked", in: batch.spans[0].attributes) == nil)
    }

    @Test("A masked value is not the original of anything")
    func originals() throws {
        let batch = try mended([
            KeyValue("openinference.span.kind", "LLM"),
            KeyValue(
                "gen_ai.input.messages",
                .string(#"[{"role":"user","content":"x","api_key":"\#(Self.secret)"}]"#)),
            KeyValue(
                "llm.invocation_parameters",
                .string(#"{"api_key":"\#(Self.secret)","temperature":1}"#)),
        ])
        let attributes = batch.keyValues(batch.spans[0].attributes)
        #expect(attributes.contains { $0.key == "tracemend.original.gen_ai.input.messages" })
        #expect(!String(decoding: batch.json(), as: UTF8.self).contains("4711"))
    }
}
