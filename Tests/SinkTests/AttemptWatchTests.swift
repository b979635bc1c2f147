import Inbox
import LightningSink
import Logging
import OTLP
import Sinks
import Synchronization
import Testing

@testable import Collector

@Suite struct AttemptWatchTests {
    /// What the store tells of the attempt, and what it is told.
    struct Row: CustomTestStringConvertible {
        var status: String
        var told: [String]
        var isClosed = false

        var testDescription: String { status }
    }

    @Test(arguments: [
        Row(
            status: "preparing",
            told: [#"{"last_heartbeat_time":1800000000.0,"status":"running"}"#]),
        Row(
            status: "unresponsive",
            told: [#"{"last_heartbeat_time":1800000000.0,"status":"running"}"#]),
        Row(status: "running", told: [#"{"last_heartbeat_time":1800000000.0}"#]),
        Row(status: "succeeded", told: [], isClosed: true),
        Row(status: "failed", told: [], isClosed: true),
        Row(status: "timeout", told: [], isClosed: true),
        Row(status: "", told: []),
    ])
    func theStoreIsToldOfNewSpansOnceAndAFinalStatusClosesTheRun(_ row: Row) async throws {
        let known = #"{"attempt_id":"at","status":"\#(row.status)"}"#
        let attempts = ScriptedServer.Step.items(row.status.isEmpty ? "" : known)
        try await watch(rest: attempts) { watch, server, inbox in
            try await inbox.take(span: 1)
            await watch.lookAtOpenRuns()
            await watch.lookAtOpenRuns()
            let told = server.requests.filter { $0.method == "POST" }
            #expect(told.map { String(decoding: $0.body, as: UTF8.self) } == row.told)
            #expect(told.allSatisfy { $0.path == "/v1/agl/rollouts/ro/attempts/at" })
            let run = try await inbox.reader.run(.attempt(rollout: "ro", attempt: "at"))
            #expect((run?.state == .closed) == row.isClosed)
        }
    }

    @Test func aStoreThatIsAwayIsToldLater() async throws {
        try await watch([.answer(503)], rest: .items(#"{"attempt_id":"at","status":"running"}"#)) {
            watch, server, inbox in
            try await inbox.take(span: 1)
            await watch.lookAtOpenRuns()
            #expect(server.requests.count == 1)
            await watch.lookAtOpenRuns()
            #expect(server.requests.map(\.method) == ["GET", "GET", "POST"])
        }
    }

    private func watch(
        _ script: [ScriptedServer.Step] = [], rest: ScriptedServer.Step,
        _ body: (AttemptWatch, ScriptedServer, Inbox) async throws -> Void
    ) async throws {
        try await withFolder { folder in
            try await ScriptedServer.run(script, rest: rest) { server in
                let inbox = try Inbox(
                    path: folder + "/inbox.sqlite", configuration: InboxConfiguration())
                let sink = try LightningSink(.init(url: server.url), warn: { _ in })
                var logger = Logger(label: "test")
                logger.logLevel = .critical
                let watch = AttemptWatch(
                    sink: sink, inbox: inbox, clock: .system, logger: logger,
                    running: RunningAttempts(stores: 1), closed: {})
                try await body(watch, server, inbox)
                try await sink.close()
                try await inbox.shutdown()
            }
        }
    }
}

extension Inbox {
    fileprivate func take(span id: UInt64) async throws {
        var batch = TraceBatch()
        batch.resources.append(ResourceRecord())
        batch.scopes.append(ScopeRecord(resource: 0))
        var span = SpanRecord(scope: 0)
        span.traceID = TraceID(high: 0, low: 1)
        span.spanID = SpanID(word: id)
        batch.spans.append(span)
        let context = RequestContext(pathRollout: "ro", pathAttempt: "at")
        _ = try await append(
            AcceptedRequest(
                receivedUnixNano: 1_800_000_000_000_000_000, kind: .traces, mediaType: .protobuf,
                encoding: .identity, context: context,
                feeds: RequestFeeds(batch, context: context, runKeyAttributes: []),
                body: batch.protobuf()))
    }
}
