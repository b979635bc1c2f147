import OTLP

/// The rewards of a run, in causal order.
struct Rewards {
    let skipped: [SkippedSpan]
    let json: [JSONValue]
    /// The last reward; nil where there is none.
    let final: Double?

    init(_ batch: TraceBatch) {
        var skipped: [SkippedSpan] = []
        var json: [JSONValue] = []
        var final: Double?
        for (index, span) in batch.spans.enumerated() {
            switch SpanReward(of: span, in: batch) {
            case .none: break
            case .withoutValue:
                skipped.append(
                    SkippedSpan(index, of: batch, .unreadableReward, "is a reward without a value"))
            case .malformed(let reason):
                skipped.append(
                    SkippedSpan(
                        index, of: batch, .unreadableReward,
                        "has a reward that cannot be read: \(reason)")
                )
            case .reward(let reward):
                final = reward.value
                json.append(Self.json(reward, of: span, in: batch))
            }
        }
        self.skipped = skipped
        self.json = json
        self.final = final
    }

    private static func json(
        _ reward: SpanReward.Reward, of span: SpanRecord, in batch: TraceBatch
    ) -> JSONValue {
        let tags = AttributeTree.value(
            below: "agentlightning.tag", of: span.attributes, in: batch)
        let links = AttributeTree.value(
            below: "agentlightning.link", of: span.attributes, in: batch)
        let seconds = Double(span.startTimeUnixNano) / 1e9
        return [
            "span_id": .string(span.spanID.description),
            "parent_id": span.parentSpanID.isValid
                ? .string(span.parentSpanID.description) : .null,
            "name": .string(batch.string(span.name)),
            "time": span.startTimeUnixNano == 0 ? .null : .double(seconds),
            "format": .string(reward.format.rawValue),
            "value": .double(reward.value),
            "dimensions": .array(
                reward.dimensions.map {
                    ["name": .string($0.name), "value": .double($0.value)]
                }),
            "tags": tags?.array.map { .array($0) } ?? [],
            "links": links?.array.map { .array($0) } ?? [],
        ]
    }
}
