import Foundation
import HierarchyRepair
import Inbox
import Logging
import Mending
import OTLP
import SemanticConventions
import Sinks
import Synchronization

@testable import Collector

/// Deliveries to one sink, step by step, with a clock that the test turns.
struct DeliveryBench {
    let directory: String
    let clock: TurnedClock
    private let inbox: Inbox
    private let mending: RunMending
    private let loop: DeliveryLoop

    /// Runs the body with an inbox in a folder, and closes it; another bench may open it again.
    static func run<Value>(
        in directory: String, sink: any TraceSink, sinks: [String] = ["sink"], clock: TurnedClock,
        _ body: (DeliveryBench) async throws -> Value
    ) async throws -> Value {
        let bench = try DeliveryBench(directory, sink, sinks, clock)
        let value = try await body(bench)
        try await bench.inbox.shutdown()
        return value
    }

    private init(
        _ directory: String, _ sink: any TraceSink, _ sinks: [String], _ clock: TurnedClock
    ) throws {
        self.directory = directory
        self.clock = clock
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        inbox = try Inbox(
            path: directory + "/inbox.sqlite",
            configuration: InboxConfiguration(durability: .process, sinks: sinks))
        let rules = try RuleSet.builtIn()
        let metrics = Metrics()
        let limits = Limits()
        mending = RunMending(
            inbox: inbox, archive: nil, mender: Mender(rules: rules), keys: rules.keyTable,
            runKey: [], limits: limits, metrics: metrics, logger: logger)
        let delivered = Signal()
        loop = DeliveryLoop(
            sink: sink, inbox: inbox, mending: mending, retry: RetryPolicy(),
            clock: UnixClock { clock.now }, metrics: metrics, logger: logger, revised: Signal(),
            delivered: delivered,
            undelivered: UndeliveredRevisions(limit: 1 << 30, delivered: delivered),
            health: SinkHealth())
    }

    /// Takes spans of an attempt, closes its run, and writes the revision down.
    func takeRun(_ attempt: String, spans: [UInt64]) async throws {
        // A trace of its own: runs that share one make each other dirty.
        let trace = TraceID(high: 7, low: StableHash(attempt).value)
        var batch = TraceBatch()
        batch.resources.append(ResourceRecord())
        batch.scopes.append(ScopeRecord(resource: 0))
        for id in spans {
            var span = SpanRecord(scope: 0)
            span.traceID = trace
            span.spanID = SpanID(word: id)
            span.name = batch.append("step \(id)")
            span.startTimeUnixNano = 1_700_000_000_000_000_000 + id
            span.endTimeUnixNano = span.startTimeUnixNano + 1
            batch.spans.append(span)
        }
        let context = RequestContext(pathRollout: "ro", pathAttempt: attempt)
        _ = try await inbox.append(
            AcceptedRequest(
                receivedUnixNano: clock.now, kind: .traces, mediaType: .protobuf,
                encoding: .identity, context: context,
                feeds: RequestFeeds(batch, context: context, runKeyAttributes: []),
                body: batch.protobuf()))
        let key = RunKey.attempt(rollout: "ro", attempt: attempt)
        guard let status = try await inbox.close(key) else { throw NotThere() }
        let made = try await mending.mend(
            key, .atLeast(through: status.lastRequest), pins: .none)
        _ = try await inbox.recordRevision(
            RevisionRecord(
                run: key, number: status.revision + 1, throughRequest: made.throughRequest,
                isSettled: true, isWhole: true, recordedUnixNano: clock.now, mendNanoseconds: 1,
                rulesVersion: "1", spans: made.run.spans.count,
                traceIDs: [trace]))
    }

    /// Delivers what is due until nothing more is.
    /// - Returns: how long nothing else will be due.
    @discardableResult
    func deliver() async throws -> Duration {
        while true {
            let pause = try await loop.deliverWhatWaits()
            if pause > .milliseconds(1) { return pause }
        }
    }

    func unpark() async throws -> Int { try await inbox.unpark(sink: loop.sink.name) }

    func states() async throws -> [String: Delivery.State] {
        var states: [String: Delivery.State] = [:]
        for run in try await inbox.reader.runs(ofRollout: "ro") {
            for delivery in try await inbox.reader.deliveries(of: run.key)
            where delivery.sink == loop.sink.name {
                states[run.key.attemptID ?? ""] = delivery.state
            }
        }
        return states
    }

    private struct NotThere: Error {}
}

/// A clock that stands until it is turned.
final class TurnedClock: Sendable {
    private let time = Mutex<Int64>(1_800_000_000_000_000_000)

    var now: Int64 { time.withLock { $0 } }

    func turn(by duration: Duration) {
        time.withLock { $0 += duration.components.seconds * 1_000_000_000 }
    }
}

/// A folder of a test, removed at the end.
func withFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("sinks-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let result: Value
    do {
        result = try await body(folder.path)
    } catch {
        try FileManager.default.removeItem(at: folder)
        throw error
    }
    try FileManager.default.removeItem(at: folder)
    return result
}
