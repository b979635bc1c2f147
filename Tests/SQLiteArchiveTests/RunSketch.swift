import Mending
import OTLP
import Sinks

/// A mended run in a few lines.
struct RunSketch {
    var batch = TraceBatch()
    var spans: [MendedSpan] = []

    init(service: String = "planner", scope: String = "openinference") {
        var resource = ResourceRecord()
        resource.hasResource = true
        resource.attributes = batch.append(keyValues: [
            KeyValue("service.name", .string(service)), KeyValue("process.pid", 42),
        ])
        resource.schemaURL = batch.append("https://opentelemetry.io/schemas/1.30.0")
        batch.resources.append(resource)
        var record = ScopeRecord(resource: 0)
        record.hasScope = true
        record.name = batch.append(scope)
        record.version = batch.append("0.1")
        record.attributes = batch.append(keyValues: [KeyValue("build", 7)])
        batch.scopes.append(record)
    }

    /// Adds a span whose ids are small numbers, and returns its place.
    @discardableResult
    mutating func add(
        _ name: String, trace: UInt64 = 1, span: UInt64, parent: UInt64 = 0,
        mendedTrace: UInt64? = nil,
        isPlaceholder: Bool = false, _ attributes: [KeyValue] = []
    ) -> Int {
        let place = batch.spans.count
        var record = SpanRecord(scope: 0)
        record.traceID = TraceID(high: 0xA, low: mendedTrace ?? trace)
        record.spanID = SpanID(word: span)
        record.parentSpanID = SpanID(word: parent)
        record.name = batch.append(name)
        record.kind = 1
        record.startTimeUnixNano = 1_700_000_000_000_000_000 + UInt64(place) * 1_000_000
        record.endTimeUnixNano = record.startTimeUnixNano + 2_500_000
        record.attributes = batch.append(keyValues: attributes)
        batch.spans.append(record)
        spans.append(
            MendedSpan(
                reported: SpanKey(
                    traceID: TraceID(high: 0xA, low: trace), spanID: SpanID(word: span)),
                reportedParentSpanID: SpanID(word: parent), isPlaceholder: isPlaceholder,
                sequence: place))
        return place
    }

    func revision(
        _ number: Int = 1, of run: String = "ro-1/at-1", rollout: String? = "ro-1",
        attempt: String? = "at-1", settled: Bool = false, notes: [String] = []
    ) -> Revision {
        Revision(
            runID: run, rolloutID: rollout, attemptID: attempt, number: number, isSettled: settled,
            run: MendedRun(batch: batch, spans: spans, notes: notes))
    }
}

func sketch(_ build: (inout RunSketch) -> Void) -> RunSketch {
    var sketch = RunSketch()
    build(&sketch)
    return sketch
}
