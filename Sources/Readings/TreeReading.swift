public import OTLP

extension SpanTree {
    /// The forest as the query API shows it: `{"roots": [node]}`, each node with its `children`.
    public func json() -> JSONValue {
        // Children come after their parents depth first, so building from the end finds each
        // node's children made already, without recursion.
        var nodes = [JSONValue?](repeating: nil, count: batch.spans.count)
        for index in preorder.reversed() {
            var members = SpanSummary(of: index, in: batch).members
            var below: [JSONValue] = []
            for child in children(of: index) {
                if let node = nodes[child] { below.append(node) }
                nodes[child] = nil
            }
            members.append(JSONValue.Member("children", .array(below)))
            nodes[index] = .object(members)
        }
        return ["roots": .array(roots.compactMap { nodes[$0] })]
    }
}

extension SpanSummary {
    var members: [JSONValue.Member] {
        var repair = JSONValue.null
        if let repairRule {
            repair = [
                "rule": .string(repairRule),
                "confidence": repairConfidence.map { .double($0) } ?? .null,
            ]
        }
        return [
            .init("name", .string(name)),
            .init("span_id", .string(spanID.description)),
            .init("parent_id", parentSpanID.isValid ? .string(parentSpanID.description) : .null),
            .init("operation", operation.map { .string($0) } ?? .null),
            .init("model", model.map { .string($0) } ?? .null),
            .init("input_tokens", inputTokens.map { .int($0) } ?? .null),
            .init("output_tokens", outputTokens.map { .int($0) } ?? .null),
            .init("duration_ms", duration.map { .double($0.milliseconds) } ?? .null),
            .init("status", .string(status)),
            .init("repair", repair),
            .init("placeholder", .bool(isPlaceholder)),
            .init("duplicate_of", duplicateOf.map { .string($0) } ?? .null),
        ]
    }
}

extension Duration {
    var milliseconds: Double {
        Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15
    }
}
