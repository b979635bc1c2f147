import OTLP
import Readings

/// Builds a run of spans by hand.
struct RunSketch {
    private(set) var batch = TraceBatch()

    init() {
        batch.resources.append(ResourceRecord())
        batch.scopes.append(ScopeRecord(resource: 0))
    }

    /// Times are seconds after some day; nil is no time.
    @discardableResult
    mutating func span(
        _ id: UInt64, below parent: UInt64 = 0, _ name: String = "work", from start: UInt64? = 0,
        to end: UInt64? = 1, status: Int32 = 0, _ attributes: [KeyValue] = []
    ) -> Int {
        var span = SpanRecord(scope: 0)
        span.traceID = TraceID(high: 1, low: 2)
        span.spanID = SpanID(word: id)
        span.parentSpanID = SpanID(word: parent)
        span.startTimeUnixNano = start.map { 1_700_000_000_000_000_000 + $0 * 1_000_000_000 } ?? 0
        span.endTimeUnixNano = end.map { 1_700_000_000_000_000_000 + $0 * 1_000_000_000 } ?? 0
        span.statusCode = status
        span.name = batch.append(name)
        span.attributes = batch.append(keyValues: attributes)
        batch.spans.append(span)
        return batch.spans.count - 1
    }

    @discardableResult
    mutating func call(
        _ id: UInt64, below parent: UInt64 = 0, from start: UInt64? = 0, to end: UInt64? = 1,
        response: String? = nil, _ attributes: [KeyValue] = []
    ) -> Int {
        var all: [KeyValue] = [
            KeyValue("gen_ai.operation.name", "chat"), KeyValue("gen_ai.usage.output_tokens", 1),
        ]
        if let response { all.append(KeyValue("gen_ai.response.id", .string(response))) }
        return span(id, below: parent, "chat", from: start, to: end, all + attributes)
    }

    @discardableResult
    mutating func reward(
        _ id: UInt64, below parent: UInt64 = 0, at time: UInt64?, _ value: Double
    ) -> Int {
        span(
            id, below: parent, "agentlightning.annotation", from: time, to: time,
            [
                KeyValue("agentlightning.reward.0.name", "primary"),
                KeyValue("agentlightning.reward.0.value", .double(value)),
            ])
    }

    func read(_ form: ReadingForm) throws -> JSONValue { try RunDocument(batch).read(form) }

    /// Response ids of the triplets with what each got.
    func triplets() throws -> [String] {
        (try read(.triplets)["triplets"]?.array ?? []).map { triplet in
            let id = triplet["metadata"]?["response_id"]?.string ?? "-"
            guard let reward = triplet["reward"], reward != .null else { return id }
            return "\(id)=\(reward.meaning.text)"
        }
    }

    /// Span and cause of what a form leaves out.
    func skipped(_ form: ReadingForm) throws -> [String] {
        (try read(form)["skipped"]?.array ?? []).map { skipped in
            let id = UInt64(skipped["span_id"]?.string ?? "", radix: 16) ?? 0
            return "\(id) \(skipped["cause"]?.string ?? "")"
        }
    }
}
