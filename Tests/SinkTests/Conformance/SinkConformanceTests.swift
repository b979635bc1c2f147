import Inbox
import OTLP
import Sinks
import Testing

@testable import Collector

/// What every sink does, whatever is behind it.
@Suite struct SinkConformanceTests {
    @Test(arguments: SinkKind.allCases)
    func whatFailedForAWhileIsTriedAgain(_ kind: SinkKind) async throws {
        let away = FaultySink.Fault.before(.retryable(reason: "away", after: nil))
        let wrong = FaultySink.Fault.before(.misconfigured(reason: "a wrong token"))
        try await bench(kind, [away, wrong, away]) { bench, sink, peer in
            try await bench.takeRun("a", spans: [1, 2])
            try await bench.deliver()
            #expect(try await bench.states() == ["a": .waiting])
            try await bench.deliverInTime()
            #expect(try await bench.states() == ["a": .delivered])
            #expect(try await peer.spans() == [id(1): 1, id(2): 1])
            #expect(sink.deliveries == 4)
        }
    }

    @Test(arguments: SinkKind.allCases)
    func aWaitThatThePeerAskedForIsKept(_ kind: SinkKind) async throws {
        let busy = FaultySink.Fault.before(.retryable(reason: "busy", after: .seconds(300)))
        try await bench(kind, [busy]) { bench, sink, _ in
            try await bench.takeRun("a", spans: [1])
            try await bench.deliver()
            bench.clock.turn(by: .seconds(299))
            try await bench.deliver()
            #expect(sink.deliveries == 1)
            bench.clock.turn(by: .seconds(62))
            try await bench.deliver()
            #expect(try await bench.states() == ["a": .delivered])
        }
    }

    @Test(arguments: SinkKind.allCases)
    func whatIsRefusedIsParkedAndHoldsUpNothing(_ kind: SinkKind) async throws {
        let refused = FaultySink.Fault.before(.permanent(reason: "an unknown attempt"))
        try await bench(kind, [refused]) { bench, _, peer in
            try await bench.takeRun("a", spans: [1])
            try await bench.deliver()
            try await bench.takeRun("b", spans: [2])
            try await bench.deliver()
            #expect(try await bench.states() == ["a": .parked, "b": .delivered])
            #expect(try await peer.spans() == [id(2): 1])
            bench.clock.turn(by: .seconds(3600))
            try await bench.deliver()
            #expect(try await bench.states()["a"] == .parked)

            #expect(try await bench.unpark() == 1)
            try await bench.deliver()
            #expect(try await bench.states() == ["a": .delivered, "b": .delivered])
            #expect(try await peer.spans() == [id(1): 1, id(2): 1])
        }
    }

    @Test(arguments: SinkKind.allCases)
    func whatWasDeliveredIsNotDeliveredAgain(_ kind: SinkKind) async throws {
        try await bench(kind, []) { bench, _, peer in
            try await bench.takeRun("a", spans: [1, 2])
            try await bench.deliver()
            try await bench.takeRun("a", spans: [3])
            try await bench.deliver()
            try await bench.deliver()
            #expect(try await peer.spans() == [id(1): 1, id(2): 1, id(3): 1])
        }
    }

    @Test(arguments: SinkKind.allCases)
    func aCrashBetweenSendingAndNotingLosesNothing(_ kind: SinkKind) async throws {
        let crash = FaultySink.Fault.after(.retryable(reason: "crash", after: nil))
        try await bench(kind, [crash]) { bench, _, peer in
            try await bench.takeRun("a", spans: [1, 2])
            try await bench.deliver()
            #expect(try await bench.states() == ["a": .waiting])
            try await bench.deliverInTime()
            #expect(try await bench.states() == ["a": .delivered])
            // OTLP has no way to tell what a peer has: there it is at least once.
            let times = kind == .otlp ? 2 : 1
            #expect(try await peer.spans() == [id(1): times, id(2): times])
        }
    }

    @Test(arguments: SinkKind.allCases)
    func aRestartGoesOnWhereItWas(_ kind: SinkKind) async throws {
        let away = FaultySink.Fault.before(.retryable(reason: "away", after: nil))
        try await withFolder { folder in
            try await kind.run(in: folder) { sink, peer in
                let clock = TurnedClock()
                try await DeliveryBench.run(
                    in: folder, sink: FaultySink(sink, []), clock: clock
                ) { bench in
                    try await bench.takeRun("a", spans: [1])
                    try await bench.deliver()
                }
                try await DeliveryBench.run(
                    in: folder, sink: FaultySink(sink, [away]), clock: clock
                ) { bench in
                    try await bench.takeRun("b", spans: [2])
                    try await bench.deliver()
                    #expect(try await bench.states() == ["a": .delivered, "b": .waiting])
                }
                let again = FaultySink(sink, [])
                try await DeliveryBench.run(in: folder, sink: again, clock: clock) { bench in
                    try await bench.deliverInTime()
                    #expect(try await bench.states() == ["a": .delivered, "b": .delivered])
                }
                #expect(again.deliveries == 1)
                #expect(try await peer.spans() == [id(1): 1, id(2): 1])
            }
        }
    }

    @Test(arguments: SinkKind.allCases)
    func aSinkThatIsDeadForAnHourIsAskedSeldomAndGetsEverything(_ kind: SinkKind) async throws {
        let away = FaultySink.Fault.before(.retryable(reason: "away", after: nil))
        try await bench(kind, Array(repeating: away, count: 20)) { bench, sink, peer in
            var wanted: [SpanID: Int] = [:]
            for minute in stride(from: 0, to: 60, by: 3) {
                let number = UInt64(minute) + 1
                try await bench.takeRun("attempt-\(minute)", spans: [number])
                wanted[id(number)] = 1
                try await bench.deliver()
                bench.clock.turn(by: .seconds(180))
            }
            // Never more than one try a pause, however many runs wait.
            #expect(sink.deliveries <= 20)
            try await bench.deliverInTime()
            #expect(try await bench.states().values.allSatisfy { $0 == .delivered })
            #expect(try await peer.spans() == wanted)
        }
    }

    @Test(arguments: SinkKind.allCases)
    func aSinkThatIsAddedLaterGetsWhatIsKept(_ kind: SinkKind) async throws {
        try await withFolder { folder in
            let clock = TurnedClock()
            try await withFolder { other in
                try await SinkKind.archive.run(in: other) { first, _ in
                    try await DeliveryBench.run(
                        in: folder, sink: Renamed(first, "first"), sinks: ["first"], clock: clock
                    ) { bench in
                        try await bench.takeRun("a", spans: [1])
                        try await bench.takeRun("b", spans: [2])
                        try await bench.deliver()
                    }
                }
            }
            try await kind.run(in: folder) { sink, peer in
                try await DeliveryBench.run(
                    in: folder, sink: sink, sinks: ["first", "sink"], clock: clock
                ) { bench in
                    try await bench.deliver()
                    #expect(try await bench.states() == ["a": .delivered, "b": .delivered])
                }
                #expect(try await peer.spans() == [id(1): 1, id(2): 1])
            }
        }
    }

    private func bench(
        _ kind: SinkKind, _ faults: [FaultySink.Fault],
        _ body: (DeliveryBench, FaultySink, Peer) async throws -> Void
    ) async throws {
        try await withFolder { folder in
            try await kind.run(in: folder) { sink, peer in
                let faulty = FaultySink(sink, faults)
                try await DeliveryBench.run(in: folder, sink: faulty, clock: TurnedClock()) {
                    try await body($0, faulty, peer)
                }
            }
        }
    }

    private func id(_ word: UInt64) -> SpanID { SpanID(word: word) }
}

extension DeliveryBench {
    /// Turns the clock over every pause until nothing waits, a few times at most.
    func deliverInTime() async throws {
        for _ in 0..<10 where try await states().values.contains(.waiting) {
            clock.turn(by: .seconds(61))
            try await deliver()
        }
    }
}

/// A sink under another name.
private struct Renamed: TraceSink {
    let sink: any TraceSink
    let name: String

    init(_ sink: any TraceSink, _ name: String) {
        self.sink = sink
        self.name = name
    }

    var mode: SinkMode { sink.mode }
    var takesSettledOnly: Bool { sink.takesSettledOnly }
    func deliver(_ revision: Revision) async throws(SinkError) { try await sink.deliver(revision) }
    func close() async throws {}
}
