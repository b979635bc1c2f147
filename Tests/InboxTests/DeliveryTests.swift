import Inbox
import OTLP
import Testing

@Suite("How far each sink is with each run")
struct DeliveryTests {
    static func pin(_ span: UInt64, _ sequence: Int, duplicateOf: UInt64? = nil) -> SpanPin {
        SpanPin(
            reported: SpanKey(traceID: TraceID(high: 0, low: 1), spanID: SpanID(word: span)),
            traceID: TraceID(high: .max, low: 5), parentSpanID: SpanID(word: .max),
            sequence: sequence, duplicateOf: duplicateOf.map { SpanID(word: $0) })
    }

    @Test func `Cursors and pins survive reopening`() async throws {
        try await withScratch(sinks: ["archive", "store"]) { scratch in
            let run = RunKey.of("r", "a")
            let pins = [Self.pin(.max, 0), Self.pin(2, 1, duplicateOf: 1)]
            try await scratch.open { inbox in
                let id = try await inbox.append(request(span(1, of: "r", "a")))
                try await inbox.mendAll(settled: true)
                try await inbox.delivered(
                    sink: "store", run: run, revision: 1, throughRequest: id, isSettled: true,
                    pins: pins)
                #expect(inbox.counts.undeliveredRequests == 1)
            }
            try await scratch.open { inbox in
                #expect(inbox.counts.undeliveredRequests == 1)
                let stored = try await inbox.reader.pins(sink: "store", run: run)
                #expect(Set(stored) == Set(pins))
                #expect(try await inbox.reader.pins(sink: "archive", run: run) == [])
                let states = try await inbox.reader.deliveries(of: run)
                #expect(states.map(\.sink) == ["archive", "store"])
                #expect(states.map(\.state) == [.waiting, .delivered])
                #expect(states.map(\.revision) == [0, 1])
                #expect(states.map(\.isSettled) == [false, true])
                try await inbox.deliverAll(to: "archive")
                #expect(inbox.counts.undeliveredRequests == 0)
            }
            try await scratch.open { #expect($0.counts.undeliveredRequests == 0) }
        }
    }

    @Test func `A pin that is there stays`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                let run = RunKey.trace(low: 1)
                let id = try await inbox.append(request(span(1)))
                try await inbox.mendAll()
                for sequence in [3, 4] {
                    try await inbox.delivered(
                        sink: "archive", run: run, revision: 1, throughRequest: id,
                        isSettled: true, pins: [Self.pin(1, sequence)])
                }
                #expect(
                    try await inbox.reader.pins(sink: "archive", run: run) == [Self.pin(1, 3)])
            }
        }
    }

    @Test func `A delivered revision waits again when a newer one is recorded`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                _ = try await inbox.append(request(span(1)))
                try await inbox.mendAll()
                _ = try await inbox.append(request(span(2)))
                try await inbox.mendAll()
                try await inbox.delivered(
                    sink: "archive", run: .trace(low: 1), revision: 1, throughRequest: 1,
                    isSettled: false)
                let waiting = try await inbox.reader.undelivered(
                    sink: "archive", settledOnly: false, nowUnixNano: 0, limit: 9)
                #expect(waiting.map(\.revision) == [1])
                #expect(waiting.map(\.run.revision) == [2])
                #expect(inbox.counts.undeliveredRequests == 1)
                try await inbox.deliverAll(to: "archive")
                // What comes late and old changes nothing.
                try await inbox.delivered(
                    sink: "archive", run: .trace(low: 1), revision: 1, throughRequest: 1,
                    isSettled: false)
                let states = try await inbox.reader.deliveries(of: .trace(low: 1))
                #expect(states.map(\.state) == [.delivered])
                #expect(states.map(\.revision) == [2])
            }
        }
    }

    @Test func `Appending sinks get what is settled`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                _ = try await inbox.append(request(span(1)))
                try await inbox.mendAll()
                func waiting(_ settledOnly: Bool) async throws -> Int {
                    try await inbox.reader.undelivered(
                        sink: "archive", settledOnly: settledOnly, nowUnixNano: 0, limit: 9
                    ).count
                }
                #expect(try await waiting(true) == 0)
                #expect(try await waiting(false) == 1)
                try await inbox.mendAll(settled: true)
                #expect(try await waiting(true) == 1)
                #expect(try await inbox.unsettled == [])
            }
        }
    }

    @Test func `A failure is tried again at its time, and tells its reason`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                _ = try await inbox.append(request(span(1)))
                try await inbox.mendAll()
                for _ in 0..<2 {
                    try await inbox.failed(
                        sink: "archive", run: .trace(low: 1), error: "503", retryAtUnixNano: 50)
                }
                func waiting(at now: Int64) async throws -> [Delivery] {
                    try await inbox.reader.undelivered(
                        sink: "archive", settledOnly: false, nowUnixNano: now, limit: 9)
                }
                #expect(try await waiting(at: 49) == [])
                #expect(try await waiting(at: 50).map(\.attempts) == [2])
                #expect(try await waiting(at: 50).map(\.error) == ["503"])
                #expect(
                    try await inbox.reader.nextAttemptUnixNano(sink: "archive", afterUnixNano: 49)
                        == 50)
                #expect(
                    try await inbox.reader.nextAttemptUnixNano(sink: "archive", afterUnixNano: 50)
                        == nil)
                try await inbox.deliverAll(to: "archive")
                let states = try await inbox.reader.deliveries(of: .trace(low: 1))
                #expect(states.map(\.attempts) == [0])
                #expect(states.map(\.error) == [nil])
            }
        }
    }

    @Test func `A parked run counts as delivered until it is asked for again`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                let run = RunKey.trace(low: 1)
                _ = try await inbox.append(request(span(1)))
                try await inbox.mendAll()
                try await inbox.park(sink: "archive", run: run, error: "400")
                #expect(inbox.counts.parked == 1)
                #expect(inbox.counts.undeliveredRequests == 0)
                _ = try await inbox.append(request(span(2)))
                try await inbox.mendAll()
                #expect(inbox.counts.undeliveredRequests == 0)
                #expect(inbox.counts.undeliveredBytes == 0)
                let states = try await inbox.reader.deliveries(in: .parked, limit: 9)
                #expect(states.map(\.run.key) == [run])
                #expect(states.map(\.error) == ["400"])
            }
            try await scratch.open { inbox in
                #expect(inbox.counts.parked == 1)
                #expect(inbox.counts.undeliveredRequests == 0)
                #expect(try await inbox.unpark(sink: "other") == 0)
                #expect(try await inbox.unpark(run: .trace(low: 1)) == 1)
                #expect(inbox.counts.parked == 0)
                #expect(inbox.counts.undeliveredRequests == 2)
                try await inbox.deliverAll(to: "archive")
                #expect(inbox.counts.undeliveredRequests == 0)
            }
        }
    }

    @Test func `A run that one sink gave up still waits for the other`() async throws {
        try await withScratch(sinks: ["a", "b"]) { scratch in
            try await scratch.open { inbox in
                _ = try await inbox.append(request(span(1)))
                try await inbox.mendAll()
                try await inbox.park(sink: "a", run: .trace(low: 1), error: "400")
                _ = try await inbox.append(request(span(2)))
                try await inbox.mendAll()
                #expect(inbox.counts.undeliveredRequests == 2)
                try await inbox.deliverAll(to: "b")
                #expect(inbox.counts.undeliveredRequests == 0)
            }
        }
    }

    @Test func `Over a sink's backlog its oldest runs are parked`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                for trace in 1...5 {
                    _ = try await inbox.append(
                        request(span(1, in: UInt64(trace))), at: Int64(trace))
                }
                try await inbox.mendAll()
                #expect(
                    try await inbox.parkOldest(sink: "archive", keepingBytes: 20, error: "backlog")
                        == 3)
                let parked = try await inbox.reader.deliveries(in: .parked, limit: 9)
                #expect(parked.map(\.run.key) == [1, 2, 3].map { .trace(low: $0) })
                #expect(inbox.counts.undeliveredRequests == 2)
            }
        }
    }

    @Test func `A new sink gets the runs whose bodies are kept`() async throws {
        try await withScratch(sinks: []) { scratch in
            try await scratch.open { inbox in
                _ = try await inbox.append(request(span(1)))
                try await inbox.mendAll(settled: true)
                #expect(inbox.counts.undeliveredRequests == 0)
            }
            try await scratch.open(sinks: ["late"]) { inbox in
                #expect(inbox.counts.undeliveredRequests == 1)
                try await inbox.deliverAll(to: "late", settledOnly: true)
                #expect(inbox.counts.undeliveredRequests == 0)
            }
        }
    }

    @Test func `What was delivered of a trace goes along when it becomes an alias`() async throws {
        try await withScratch { scratch in
            let trace = RunKey.trace(low: 1)
            try await scratch.open { inbox in
                _ = try await inbox.append(request(span(1)))
                try await inbox.mendAll(settled: true)
                let before = try #require(try await inbox.reader.sources(of: trace))
                try await inbox.delivered(
                    sink: "archive", run: trace, revision: 1, throughRequest: 1, isSettled: true,
                    pins: [Self.pin(1, 0)])
                #expect(inbox.counts.undeliveredRequests == 0)
                _ = try await inbox.append(request(span(2, of: "r", "a")))
                #expect(inbox.counts.undeliveredRequests == 2)
                #expect(
                    try await inbox.reader.pins(sink: "archive", run: .of("r", "a"))
                        == [Self.pin(1, 0)])
                // A revision that was mended before must not be recorded for the run.
                #expect(try await !inbox.recordRevision(.next(of: before)))
                // A delivery that was under way leaves its pins with the run, and no cursor.
                try await inbox.delivered(
                    sink: "archive", run: trace, revision: 2, throughRequest: 1, isSettled: true,
                    pins: [Self.pin(7, 1)])
                #expect(
                    try await inbox.reader.pins(sink: "archive", run: .of("r", "a")).count == 2)
                #expect(inbox.counts.undeliveredRequests == 2)
            }
            try await scratch.open { inbox in
                #expect(inbox.counts.undeliveredRequests == 2)
                try await inbox.mendAll()
                try await inbox.deliverAll(to: "archive")
                #expect(inbox.counts.undeliveredRequests == 0)
            }
        }
    }

    @Test func `A span that moves to another run keeps its pin`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                // The unnamed span is the attempt's until a second attempt is named.
                _ = try await inbox.append(request(span(1), span(2, of: "r", "a")))
                try await inbox.mendAll(settled: true)
                try await inbox.delivered(
                    sink: "archive", run: .of("r", "a"), revision: 1, throughRequest: 1,
                    isSettled: true, pins: [Self.pin(1, 0), Self.pin(2, 1)])
                _ = try await inbox.append(
                    request(span(3, under: 1, of: "r", "b"), span(9, in: 9, of: "r", "c")))
                for run in [RunKey.trace(low: 1), .of("r", "a"), .of("r", "b")] {
                    let pins = try await inbox.reader.pins(sink: "archive", run: run)
                    #expect(Set(pins) == [Self.pin(1, 0), Self.pin(2, 1)], "\(run)")
                    #expect(try await inbox.reader.pins(sink: "other", run: run) == [])
                }
                #expect(try await inbox.reader.pins(sink: "archive", run: .of("r", "c")) == [])
                // The first answer that a sink was given of a span stays, whatever its run.
                try await inbox.mendAll(settled: true)
                try await inbox.delivered(
                    sink: "archive", run: .of("r", "b"), revision: 1, throughRequest: 2,
                    isSettled: true, pins: [Self.pin(1, 7)])
                let pins = try await inbox.reader.pins(sink: "archive", run: .of("r", "b"))
                #expect(Set(pins) == [Self.pin(1, 0), Self.pin(2, 1)])
            }
        }
    }

    @Test func `Requests of an older trace wait again for the run that has moved on`() async throws
    {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                _ = try await inbox.append(request(span(1)))
                _ = try await inbox.append(request(span(1, in: 2, of: "r", "a")))
                try await inbox.mendAll()
                try await inbox.deliverAll(to: "archive")
                #expect(inbox.counts.undeliveredRequests == 0)
                _ = try await inbox.append(request(span(2, of: "r", "a")))
                #expect(inbox.counts.undeliveredRequests == 3)
            }
            try await scratch.open { #expect($0.counts.undeliveredRequests == 3) }
        }
    }
}
