import Compression
import Mending
import NIOHTTP1
import OTLP
import Sinks
import Synchronization

/// A `SinkError` without its words.
enum Failure: Equatable, Sendable {
    case retryable(after: Duration?)
    case misconfigured
    case permanent
}

extension TraceSink {
    /// How a delivery fails; nil when it does not.
    func failure(of revision: Revision) async -> Failure? {
        await error(of: revision).map { error in
            switch error {
            case .retryable(_, let after): .retryable(after: after)
            case .misconfigured: .misconfigured
            case .permanent: .permanent
            }
        }
    }

    func error(of revision: Revision) async -> SinkError? {
        do {
            try await deliver(revision)
            return nil
        } catch {
            return error
        }
    }
}

/// The warnings that a sink gave.
final class Heard: Sendable {
    private let warnings = Mutex<[SinkWarning]>([])

    var all: [SinkWarning] { warnings.withLock { $0 } }
    func append(_ warning: SinkWarning) { warnings.withLock { $0.append(warning) } }
}

extension ScriptedServer.Request {
    /// The body as its sender encoded it, before compression.
    func exportedBytes() throws -> [UInt8] {
        guard headers["content-encoding"] == ["gzip"] else { return body }
        return try inflate(body, encoding: .gzip, limit: 64 << 20)
    }
}

/// A mended run in a few lines.
struct RunSketch {
    var batch = TraceBatch()
    var spans: [MendedSpan] = []

    init() {
        var resource = ResourceRecord()
        resource.hasResource = true
        resource.attributes = batch.append(keyValues: [KeyValue("service.name", "planner")])
        batch.resources.append(resource)
        var scope = ScopeRecord(resource: 0)
        scope.hasScope = true
        scope.name = batch.append("openinference")
        scope.version = batch.append("0.1")
        batch.scopes.append(scope)
    }

    @discardableResult
    mutating func add(
        _ name: String, trace: UInt64 = 1, span: UInt64, parent: UInt64 = 0,
        _ attributes: [KeyValue] = []
    ) -> Int {
        let place = batch.spans.count
        var record = SpanRecord(scope: 0)
        record.traceID = TraceID(high: 0, low: trace)
        record.spanID = SpanID(word: span)
        record.parentSpanID = SpanID(word: parent)
        record.name = batch.append(name)
        record.kind = 3
        record.startTimeUnixNano = 1_700_000_000_000_000_000 + UInt64(place) * 1_000_000
        record.endTimeUnixNano = record.startTimeUnixNano + 1_000
        record.attributes = batch.append(keyValues: attributes)
        batch.spans.append(record)
        spans.append(
            MendedSpan(
                reported: record.key, reportedParentSpanID: record.parentSpanID, sequence: place))
        return place
    }

    func revision(rollout: String? = nil, attempt: String? = nil) -> Revision {
        Revision(
            runID: "run", rolloutID: rollout, attemptID: attempt, number: 1, isSettled: true,
            run: MendedRun(batch: batch, spans: spans, notes: []))
    }
}
