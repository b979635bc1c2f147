import OTLP

extension SpanTree {
    /// The forest as the query API shows it, as UTF-8: `{"roots": [node]}`, each node with its
    /// `children`.
    ///
    /// Bytes and no `JSONValue`: a chain of spans nests as deep as it is long, and a nested value is
    /// written and released by recursion.
    /// - Complexity: linear in the spans; no recursion.
    public func jsonBytes() -> [UInt8] {
        var json = Array(#"{"roots":["#.utf8)
        var open = [OpenNode(children: roots)]
        while let node = open.last {
            guard node.next < node.children.count else {
                json.append(contentsOf: "]}".utf8)
                open.removeLast()
                continue
            }
            if node.next > 0 { json.append(UInt8(ascii: ",")) }
            open[open.count - 1].next += 1
            let index = node.children[node.next]
            let members = SpanSummary(of: index, in: batch).members
            // Without its last brace, so that the children come into the same object.
            json.append(contentsOf: JSONValue.object(members).serialized().dropLast())
            json.append(contentsOf: #","children":["#.utf8)
            open.append(OpenNode(children: children(of: index)))
        }
        return json
    }
}

/// A node whose children are being written.
private struct OpenNode {
    let children: [Int]
    /// The place in `children` of the one to write next.
    var next = 0
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
