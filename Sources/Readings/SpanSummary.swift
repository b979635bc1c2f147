public import OTLP

/// What a person wants to see of a span at one glance, read from a mended span.
public struct SpanSummary: Hashable, Sendable {
    public var name: String
    public var spanID: SpanID
    /// Invalid for a root.
    public var parentSpanID: SpanID
    /// `gen_ai.operation.name`.
    public var operation: String?
    /// The model that answered, else the one that was asked for.
    public var model: String?
    public var inputTokens: Int64?
    public var outputTokens: Int64?
    /// Nil while the span has no end.
    public var duration: Duration?
    /// `unset`, `ok`, `error`, or the number of a code that the schema does not name.
    public var status: String
    public var statusMessage: String
    /// The rule that moved the span, and how sure it was.
    public var repairRule: String?
    public var repairConfidence: Double?
    public var isPlaceholder: Bool
    /// The span that tells the same call and counts instead of this one.
    public var duplicateOf: String?

    public init(of index: Int, in batch: TraceBatch) {
        let span = batch.spans[index]
        var values: [String: AnyValue] = [:]
        for attribute in batch.attributes(span.attributes) {
            let key = batch.key(of: attribute)
            if Self.keys.contains(key) { values[key] = batch.anyValue(of: attribute) }
        }
        name = batch.string(span.name)
        spanID = span.spanID
        parentSpanID = span.parentSpanID
        operation = values["gen_ai.operation.name"]?.stringValue
        model =
            values["gen_ai.response.model"]?.stringValue
            ?? values["gen_ai.request.model"]?.stringValue
        inputTokens = values["gen_ai.usage.input_tokens"]?.intValue
        outputTokens = values["gen_ai.usage.output_tokens"]?.intValue
        duration =
            span.endTimeUnixNano >= span.startTimeUnixNano && span.endTimeUnixNano != 0
            ? .nanoseconds(
                Int64(clamping: span.endTimeUnixNano - span.startTimeUnixNano)) : nil
        status =
            switch span.statusCode {
            case 0: "unset"
            case 1: "ok"
            case 2: "error"
            default: "\(span.statusCode)"
            }
        statusMessage = batch.string(span.statusMessage)
        repairRule = values["tracemend.repair.rule"]?.stringValue
        if case .double(let confidence)? = values["tracemend.repair.confidence"] {
            repairConfidence = confidence
        }
        isPlaceholder = values["tracemend.placeholder"] == .bool(true)
        duplicateOf = values["tracemend.duplicate_of"]?.stringValue
    }

    private static let keys: Set<String> = [
        "gen_ai.operation.name", "gen_ai.response.model", "gen_ai.request.model",
        "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "tracemend.repair.rule",
        "tracemend.repair.confidence", "tracemend.placeholder", "tracemend.duplicate_of",
    ]
}
