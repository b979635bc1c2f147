import Inbox
import OTLP

/// One span in a few words, for tables.
struct SpanSketch {
    var trace: UInt64
    var id: UInt64
    var parent: UInt64
    var attributes: [KeyValue]
}

/// A span of trace 1 unless told otherwise; parent 0 is none.
func span(
    _ id: UInt64, under parent: UInt64 = 0, in trace: UInt64 = 1, _ attributes: KeyValue...
) -> SpanSketch {
    SpanSketch(trace: trace, id: id, parent: parent, attributes: attributes)
}

/// A span whose own attributes name an attempt.
func span(
    _ id: UInt64, under parent: UInt64 = 0, in trace: UInt64 = 1, of rollout: String,
    _ attempt: String
) -> SpanSketch {
    span(id, under: parent, in: trace, .rollout(.string(rollout)), .attempt(.string(attempt)))
}

/// One request in a few words.
struct RequestSketch {
    var spans: [SpanSketch]
    var context: RequestContext = .none
    var resource: [KeyValue] = []

    var batch: TraceBatch {
        var batch = TraceBatch()
        var record = ResourceRecord()
        record.attributes = batch.append(keyValues: resource)
        batch.resources.append(record)
        batch.scopes.append(ScopeRecord(resource: 0))
        for sketch in spans {
            var span = SpanRecord(scope: 0)
            span.traceID = TraceID(high: 0, low: sketch.trace)
            span.spanID = SpanID(word: sketch.id)
            span.parentSpanID = SpanID(word: sketch.parent)
            span.attributes = batch.append(keyValues: sketch.attributes)
            batch.spans.append(span)
        }
        return batch
    }

    func accepted(at time: Int64 = 1, bytes: Int = 8) -> AcceptedRequest {
        AcceptedRequest(
            receivedUnixNano: time, kind: .traces, mediaType: .protobuf, encoding: .identity,
            context: context,
            feeds: RequestFeeds(batch, context: context, runKeyAttributes: []),
            body: [UInt8](repeating: 7, count: bytes))
    }
}

func request(_ spans: SpanSketch...) -> RequestSketch { RequestSketch(spans: spans) }

extension KeyValue {
    static func rollout(_ id: AnyValue) -> KeyValue { KeyValue("agentlightning.rollout_id", id) }
    static func attempt(_ id: AnyValue) -> KeyValue { KeyValue("agentlightning.attempt_id", id) }
    static func litellm(_ headers: String) -> KeyValue {
        KeyValue("metadata.requester_custom_headers", .string(headers))
    }
}

extension RunKey {
    /// The run of an attempt.
    static func of(_ rollout: String, _ attempt: String) -> RunKey {
        .attempt(rollout: rollout, attempt: attempt)
    }

    static func trace(low: UInt64) -> RunKey { .trace(TraceID(high: 0, low: low)) }
}
