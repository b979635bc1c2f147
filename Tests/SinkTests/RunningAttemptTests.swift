import Foundation
import Inbox
import LightningSink
import Logging
import Mending
import OTLP
import SemanticConventions
import Sinks
import Synchronization
import Testing

@testable import Collector

/// How long a silent run stays open, by what the store says about its attempt.
@Suite struct RunningAttemptTests {
    struct Row: CustomTestStringConvertible {
        var testDescription: String
        /// What the store says; nil where it is not there.
        var status: String?
        /// The store says it after so many minutes, and "running" before.
        var changesAfter = 0
        /// The minutes of silence after which the run counts as whole.
        var settlesAfter: Int
    }

    @Test(arguments: [
        Row(testDescription: "a run of no known attempt", status: "", settlesAfter: 10),
        Row(
            testDescription: "an attempt that ends after an hour of silence", status: "succeeded",
            changesAfter: 60, settlesAfter: 60),
        Row(
            testDescription: "an attempt that fails after forty minutes", status: "failed",
            changesAfter: 40, settlesAfter: 40),
        Row(
            testDescription: "a runner that the store thinks dead", status: "unresponsive",
            changesAfter: 25, settlesAfter: 25),
        Row(
            testDescription: "an attempt that nobody ever ends", status: "running",
            settlesAfter: 120),
        Row(
            testDescription: "an attempt that has not begun for the store", status: "preparing",
            settlesAfter: 120),
        // Patience, then five minutes that an answer may take.
        Row(testDescription: "a store that is not there", status: nil, settlesAfter: 16),
        Row(
            testDescription: "a store that goes away meanwhile", status: nil, changesAfter: 30,
            settlesAfter: 35),
    ])
    func silence(_ row: Row) async throws {
        let clock = TurnedClock()
        let start = clock.now
        let minute: @Sendable () -> Int = { Int((clock.now - start) / 60_000_000_000) }
        let answer: @Sendable (ScriptedServer.Request) -> ScriptedServer.Step = { request in
            if request.method == "POST" { return .answer(200) }
            let status = minute() >= row.changesAfter ? row.status : "running"
            guard let status else { return .answer(503) }
            let attempt = #"{"attempt_id":"at","status":"\#(status)"}"#
            return .items(status.isEmpty ? "" : attempt)
        }
        let settled = try await settle(clock, answer)
        #expect(settled == row.settlesAfter)
    }

    @Test func withoutAStorePatienceIsAllThatCounts() async throws {
        #expect(try await settle(TurnedClock(), nil) == 10)
    }

    /// Gives a collector one span of an attempt, and looks every minute.
    /// - Returns: the minute in which the run was found settled; nil for not within three hours.
    private func settle(
        _ clock: TurnedClock, _ answer: (@Sendable (ScriptedServer.Request) -> ScriptedServer.Step)?
    ) async throws -> Int? {
        try await withFolder { folder in
            try await ScriptedServer.run(answering: answer ?? { _ in .answer(404) }) { server in
                let inbox = try Inbox(
                    path: folder + "/inbox.sqlite",
                    configuration: InboxConfiguration(durability: .process, sinks: ["lightning"]))
                let sink = try LightningSink(.init(url: server.url), warn: { _ in })
                var logger = Logger(label: "test")
                logger.logLevel = .critical
                let running = RunningAttempts(stores: answer == nil ? 0 : 1)
                let unixClock = UnixClock { clock.now }
                let watch = AttemptWatch(
                    sink: sink, inbox: inbox, clock: unixClock, logger: logger, running: running,
                    closed: {})
                let assembly = try assembly(inbox, unixClock, logger, running)
                try await inbox.take(at: clock.now)
                var found: Int?
                for minute in 0...180 where found == nil {
                    if answer != nil { await watch.lookAtOpenRuns() }
                    // Mending, and then looking again whether it is whole.
                    for _ in 0..<2 { _ = try await assembly.mendDueRuns() }
                    if answer != nil { await watch.lookAtOpenRuns() }
                    _ = try await assembly.mendDueRuns()
                    let run = try await inbox.reader.run(.attempt(rollout: "ro", attempt: "at"))
                    if run?.isSettled == true { found = minute }
                    clock.turn(by: .seconds(60))
                }
                try await sink.close()
                try await inbox.shutdown()
                return found
            }
        }
    }

    private func assembly(
        _ inbox: Inbox, _ clock: UnixClock, _ logger: Logger, _ running: RunningAttempts
    ) throws -> Assembly {
        let rules = try RuleSet.builtIn()
        var settling = SettlingRule()
        settling.patience = .seconds(600)
        settling.runningPatience = .seconds(7200)
        return Assembly(
            inbox: inbox,
            mending: RunMending(
                inbox: inbox, archive: nil, mender: Mender(rules: rules), keys: rules.keyTable,
                runKey: [], limits: Limits(), metrics: Metrics(), logger: logger),
            rule: RevisionRule(settling: settling), clock: clock, logger: logger,
            arrival: Signal(), closing: Signal(), revised: Signal(), undelivered: nil,
            running: running)
    }
}

extension Inbox {
    fileprivate func take(at time: Int64) async throws {
        var batch = TraceBatch()
        batch.resources.append(ResourceRecord())
        batch.scopes.append(ScopeRecord(resource: 0))
        var span = SpanRecord(scope: 0)
        span.traceID = TraceID(high: 0, low: 1)
        span.spanID = SpanID(word: 1)
        batch.spans.append(span)
        let context = RequestContext(pathRollout: "ro", pathAttempt: "at")
        _ = try await append(
            AcceptedRequest(
                receivedUnixNano: time, kind: .traces, mediaType: .protobuf,
                encoding: .identity, context: context,
                feeds: RequestFeeds(batch, context: context, runKeyAttributes: []),
                body: batch.protobuf()))
    }
}
