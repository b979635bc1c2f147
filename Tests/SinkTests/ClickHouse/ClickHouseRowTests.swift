import ClickHouseSink
import Mending
import OTLP
import Sinks
import Testing

/// What stands in the rows of a revision.
@Suite struct ClickHouseRowTests {
    @Test func aSpanIsARowOfTheExportersColumnsAndOurs() async throws {
        var sketch = RunSketch()
        sketch.add("agent", span: 1)
        sketch.add(
            "chat", span: 2, parent: 1,
            [
                KeyValue("model", .string("gpt")), KeyValue("tokens", .int(-7)),
                KeyValue("cost", .double(0.25)), KeyValue("whole", .double(3)),
                KeyValue("done", .bool(true)), KeyValue("nothing", .empty),
                KeyValue("raw", .bytes([1, 2, 255])),
                KeyValue("list", .array([.string("a\"b"), .int(1), .bytes([1, 2, 255])])),
                KeyValue("object", .keyValueList([KeyValue("k", .bool(false))])),
            ])
        sketch.batch.spans[1].statusCode = 2
        sketch.batch.spans[1].statusMessage = sketch.batch.append("refused")
        sketch.batch.spans[1].traceState = sketch.batch.append("a=b")
        sketch.batch.addEvent("first token", at: 1_700_000_000_000_000_123, toSpan: 1)
        sketch.batch.addLink(
            to: SpanKey(traceID: .init(high: 1, low: 2), spanID: .init(word: 3)), toSpan: 1)
        sketch.spans[1].reported = SpanKey(traceID: .init(high: 0, low: 9), spanID: .init(word: 2))
        sketch.spans[1].reportedParentSpanID = SpanID(word: 77)
        sketch.spans[1].repair = .init(rule: "lost_parent", confidence: 0.75)
        sketch.spans[1].duplicateOf = SpanID(word: 1)
        let rows = try await rows(of: sketch.revision(rollout: "ro", attempt: "at"))
        let trace = "00000000000000000000000000000001"
        #expect(rows.count == 2)
        #expect(
            rows[1].filter { !["ContentHash", "Version"].contains($0.key) } == [
                "Timestamp": .signed(1_700_000_000_001_000_000), "TraceId": .text(trace),
                "SpanId": .text("0000000000000002"), "ParentSpanId": .text("0000000000000001"),
                "TraceState": .text("a=b"), "SpanName": .text("chat"), "SpanKind": .text("Client"),
                "ServiceName": .text("planner"),
                "ResourceAttributes": .map(["service.name": "planner"]),
                "ScopeName": .text("openinference"), "ScopeVersion": .text("0.1"),
                "SpanAttributes": .map([
                    "model": "gpt", "tokens": "-7", "cost": "0.25", "whole": "3", "done": "true",
                    "nothing": "", "raw": "AQL/", "list": #"["a\"b",1,"AQL/"]"#,
                    "object": #"{"k":false}"#,
                ]),
                "Duration": .unsigned(1_000), "StatusCode": .text("Error"),
                "StatusMessage": .text("refused"),
                "Events.Timestamp": .list([.signed(1_700_000_000_000_000_123)]),
                "Events.Name": .list([.text("first token")]),
                "Events.Attributes": .list([.map(["n": "1"])]),
                "Links.TraceId": .list([.text("00000000000000010000000000000002")]),
                "Links.SpanId": .list([.text("0000000000000003")]),
                "Links.TraceState": .list([.text("")]), "Links.Attributes": .list([.map([:])]),
                "RunId": .text("run"), "RolloutId": .text("ro"), "AttemptId": .text("at"),
                "Sequence": .unsigned(1),
                "ReportedTraceId": .text("00000000000000000000000000000009"),
                "ReportedSpanId": .text("0000000000000002"),
                "ReportedParentSpanId": .text("000000000000004d"),
                "RepairRule": .text("lost_parent"), "RepairConfidence": .double(0.75),
                "DuplicateOf": .text("0000000000000001"), "IsPlaceholder": .unsigned(0),
                "Revision": .unsigned(1), "IsDeleted": .unsigned(0),
            ])
        #expect(rows[0].text("ParentSpanId") == "")
        #expect(rows[0]["RepairConfidence"] == .double(1))
        #expect(rows[0].text("StatusCode") == "Unset")
    }

    @Test(arguments: [
        (UInt64(0), UInt64(0), Int64(0), UInt64(0)),
        (10, 4, 10, 0),
        (10, 14, 10, 4),
        (.max, .max, .max, 0),
        (5, .max, 5, .max - 5),
    ])
    func timesThatNoClockHasAreNoTrouble(
        start: UInt64, end: UInt64, timestamp: Int64, duration: UInt64
    ) async throws {
        var sketch = RunSketch()
        sketch.add("span", span: 1)
        sketch.batch.spans[0].startTimeUnixNano = start
        sketch.batch.spans[0].endTimeUnixNano = end
        let row = try #require(try await rows(of: sketch.revision()).first)
        #expect(row.signed("Timestamp") == timestamp)
        #expect(row.number("Duration") == duration)
    }

    @Test(arguments: [
        (Int32(0), "Unspecified"), (1, "Internal"), (2, "Server"), (3, "Client"), (4, "Producer"),
        (5, "Consumer"), (6, "6"), (-1, "-1"), (.max, "2147483647"),
    ])
    func kindsHaveTheExportersNames(kind: Int32, name: String) async throws {
        var sketch = RunSketch()
        sketch.add("span", span: 1)
        sketch.batch.spans[0].kind = kind
        let row = try #require(try await rows(of: sketch.revision()).first)
        #expect(row.text("SpanKind") == name)
    }

    @Test func longTextsKeepTheirLength() async throws {
        let lengths = [0, 1, 127, 128, 16_383, 16_384, 300_000]
        var sketch = RunSketch()
        for (place, length) in lengths.enumerated() {
            let text = String(repeating: "x", count: length)
            sketch.add("span", span: UInt64(place + 1), [KeyValue("text", .string(text))])
        }
        let rows = try await rows(of: sketch.revision())
        #expect(rows.map { $0.map("SpanAttributes")["text"]?.count } == lengths)
    }

    private func rows(of revision: Revision) async throws -> [TableStandIn.Row] {
        let table = TableStandIn()
        return try await ScriptedServer.run(answering: { table.answer($0) }) { server in
            let sink = try ClickHouseSink(.init(endpoint: server.url))
            #expect(await sink.failure(of: revision) == nil)
            try await sink.close()
            return table.inserted
        }
    }
}

extension TraceBatch {
    fileprivate mutating func addEvent(_ name: String, at time: UInt64, toSpan index: Int) {
        var event = EventRecord()
        event.timeUnixNano = time
        event.name = append(name)
        event.attributes = append(keyValues: [KeyValue("n", .int(1))])
        events.append(event)
        spans[index].events = RecordRange(start: UInt32(events.count - 1), count: 1)
    }

    fileprivate mutating func addLink(to span: SpanKey, toSpan index: Int) {
        var link = LinkRecord()
        link.traceID = span.traceID
        link.spanID = span.spanID
        links.append(link)
        spans[index].links = RecordRange(start: UInt32(links.count - 1), count: 1)
    }
}
