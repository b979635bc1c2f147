import OTLP
import Testing

/// Log records as events of the spans that they name.
@Suite("Log records as span events")
struct LogEventTests {
    private static let ids =
        Wire.bytes(9, Array(repeating: 1, count: 16))
        + Wire.bytes(10, Array(repeating: 2, count: 8))

    private static func events(_ records: [[UInt8]]) throws -> TraceBatch {
        let scope = records.map { Wire.bytes(2, ids + $0) }.reduce([], +)
        return try LogBatch(protobuf: Wire.bytes(1, Wire.bytes(2, scope))).spanEvents { _, _ in true
        }
    }

    private static func attribute(_ key: String, _ text: String) -> [UInt8] {
        Wire.text(1, key) + Wire.bytes(2, Wire.text(1, text))
    }

    /// The events of a run that has a span with an event of its own, and what the records brought.
    private static func attached(_ batches: [TraceBatch]) throws -> (events: [String], waiting: Int)
    {
        let own = Wire.fixed64(1, 20) + Wire.text(2, "own")
        let request = Wire.request(span: Wire.ids + Wire.bytes(11, own))
        var gatherer = TraceBatchGatherer(keys: .none)
        for batch in batches + [try TraceBatch(protobuf: request)] {
            try gatherer.add(spans: batch.spans.indices, of: batch)
        }
        var run = gatherer.finish()
        let waiting = run.attachEvents()
        #expect(run.spans.count == 1)
        let events = run.events[run.spans[0].events.indices].map { event in
            let attributes = run.keyValues(event.attributes).map { entry in
                entry.key + "="
                    + String(decoding: JSONValue(entry.value).serialized(), as: UTF8.self)
            }
            return ([String(event.timeUnixNano), run.string(event.name)] + attributes)
                .joined(separator: " ")
        }
        return (events, waiting)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var record: [UInt8]
        var event: String
    }

    static let rows = [
        Row(
            testDescription: "the members of a body are attributes",
            record: Wire.text(12, "e")
                + Wire.bytes(5, Wire.bytes(6, Wire.bytes(1, attribute("content", "hi")))),
            event: #"0 e content="hi""#),
        Row(
            testDescription: "a text as body is the attribute body",
            record: Wire.text(12, "e") + Wire.bytes(5, Wire.text(1, "hi")),
            event: #"0 e body="hi""#),
        Row(
            testDescription: "a body whose key is taken stays whole",
            record: Wire.bytes(6, attribute("event.name", "old"))
                + Wire.bytes(5, Wire.bytes(6, Wire.bytes(1, attribute("event.name", "new")))),
            event: #"0 old event.name="old" body={"event.name":"new"}"#
        ),
        Row(
            testDescription: "the observed time where no other is told",
            record: Wire.text(12, "e") + Wire.fixed64(11, 7), event: "7 e"),
        Row(
            testDescription: "its own time before the observed one",
            record: Wire.text(12, "e") + Wire.fixed64(11, 7) + Wire.fixed64(1, 5), event: "5 e"),
    ]

    @Test("what a record says, its event says", arguments: rows)
    func event(_ row: Row) throws {
        let found = try Self.attached([try Self.events([row.record])])
        #expect(found.events == [row.event, "20 own"])
        #expect(found.waiting == 0)
    }

    @Test("events come by time, each once, and records of absent spans wait")
    func attaching() throws {
        let early = Wire.text(12, "early") + Wire.fixed64(1, 10)
        let late = Wire.text(12, "late") + Wire.fixed64(1, 30)
        let both = try Self.events([late, early])
        let again = try Self.events([early])
        let absent = try Self.events([Wire.bytes(10, Array(repeating: 9, count: 8)) + early])
        for batches in [[both, again, absent], [absent, again, both]] {
            let found = try Self.attached(batches)
            #expect(found.events == ["10 early", "20 own", "30 late"])
            #expect(found.waiting == 1)
        }
    }

    @Test("copies of a span come out with the events of all, and cost their sum, not their product")
    func copies() throws {
        let records = (0..<1000).map { Wire.text(12, "e") + Wire.fixed64(1, UInt64($0)) }
        var gatherer = TraceBatchGatherer(keys: .none)
        var batches = [try Self.events(records)]
        for number in 0..<1000 {
            let own = Wire.fixed64(1, UInt64(2000 + number)) + Wire.text(2, "own")
            batches.append(
                try TraceBatch(protobuf: Wire.request(span: Wire.ids + Wire.bytes(11, own))))
        }
        for batch in batches { try gatherer.add(spans: batch.spans.indices, of: batch) }
        var run = gatherer.finish()
        #expect(run.attachEvents() == 0)
        #expect(run.spans.count == 1000)
        let times = run.spans.map { span in run.events[span.events.indices].map(\.timeUnixNano) }
        #expect(times.allSatisfy { $0 == times[0] })
        #expect(times[0] == (0..<1000).map { UInt64($0) } + (2000..<3000).map { UInt64($0) })
        #expect(run.events.count < 10_000)
    }
}
