import OTLP
import SQLiteArchive
import Sinks
import Testing

@Suite struct RoundTripTests {
    @Test func aRunComesBackAsTheSameProtobufBytes() async throws {
        let store = try TemporaryArchive()
        let run = everything()
        try await store.archive.deliver(run.revision())
        let batch = try #require(try await store.archive.reader.batch(ofRun: "ro-1/at-1"))
        #expect(batch.protobuf() == run.batch.protobuf())
    }

    @Test func aCharacterThatJSONEscapesComesBackFromEveryPlace() async throws {
        let store = try TemporaryArchive()
        var run = RunSketch()
        var texts: [String] = []
        for special in ["\"", "\\", "\u{0}", "\u{1F}", "\n", "\u{7F}", "é", "😀"] {
            for before in 0..<18 {
                let text = String(repeating: "~", count: before) + special
                texts += [text, text + "a", text + special + "abcdefgh" + special]
            }
        }
        for (place, text) in texts.enumerated() {
            run.add("span", span: UInt64(place + 1), [KeyValue(text, .string(text))])
        }
        try await store.archive.deliver(run.revision())
        let batch = try #require(try await store.archive.reader.batch(ofRun: "ro-1/at-1"))
        #expect(
            batch.spans.map { batch.keyValues($0.attributes) }
                == texts.map { [KeyValue($0, .string($0))] })
        #expect(
            try store.shell("SELECT COUNT(*) FROM spans WHERE NOT json_valid(attributes)") == ["0"])
    }

    /// A run with every field that a batch can hold, and every kind of value.
    private func everything() -> RunSketch {
        var run = RunSketch()
        run.add("ro\u{0}ot", span: 1)
        let odd: [KeyValue] = [
            KeyValue("bytes", .bytes([0, 1, 254, 255])), KeyValue("nan", .double(.nan)),
            KeyValue("infinite", .double(-.infinity)), KeyValue("zero", .double(-0.0)),
            KeyValue("whole", .double(1e20)), KeyValue("least", .int(.min)),
            KeyValue("greatest", .int(.max)), KeyValue("empty", .empty), KeyValue("", ""),
            KeyValue("twice", 1), KeyValue("twice", "two"),
            KeyValue("list", [1, "a", .empty, [true, 2.5], .bytes([7])]),
            KeyValue("map", .keyValueList([KeyValue("x", 1), KeyValue("x", .keyValueList([]))])),
            KeyValue("text", "\u{0}\u{1F}\"\\/\u{7F}\u{2028}😀"),
        ]
        let plain = odd.filter { !["bytes", "nan", "infinite", "list"].contains($0.key) }
        for attributes in [odd, plain] {
            let place = run.add(
                "call", span: UInt64(run.spans.count + 1), parent: 1, attributes)
            var span = run.batch.spans[place]
            span.kind = 77
            span.hasStatus = true
            span.statusCode = -3
            span.statusMessage = run.batch.append("why")
            span.traceState = run.batch.append("a=1,b=2")
            span.flags = 0xFFFF_FFFF
            span.droppedAttributesCount = 1
            span.droppedEventsCount = 2
            span.droppedLinksCount = .max
            span.endTimeUnixNano = .max
            span.events = RecordRange(start: UInt32(run.batch.events.count), count: 2)
            for name in ["gen_ai.choice", ""] {
                var event = EventRecord()
                event.timeUnixNano = UInt64.max - 1
                event.name = run.batch.append(name)
                event.attributes = run.batch.append(keyValues: attributes)
                event.droppedAttributesCount = 4
                run.batch.events.append(event)
            }
            span.links = RecordRange(start: UInt32(run.batch.links.count), count: 1)
            var link = LinkRecord()
            link.traceID = TraceID(high: 1, low: 2)
            link.spanID = SpanID(word: 3)
            link.traceState = run.batch.append("c=3")
            link.flags = 257
            link.attributes = run.batch.append(keyValues: attributes)
            run.batch.links.append(link)
            run.batch.spans[place] = span
        }
        // A second scope, whose resource has what JSON cannot hold.
        var resource = ResourceRecord()
        resource.hasResource = true
        resource.attributes = run.batch.append(keyValues: odd)
        resource.droppedAttributesCount = 9
        run.batch.resources.append(resource)
        run.batch.scopes.append(ScopeRecord(resource: 1))
        let last = run.add("elsewhere", span: 8, parent: 1)
        run.batch.spans[last].scope = 1
        return run
    }
}
