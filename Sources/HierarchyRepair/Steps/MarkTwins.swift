import OTLP

extension RepairForest {
    /// Finds model calls that two libraries told, by the id of the model's response.
    ///
    /// Where a framework and an SDK both make a span of one call, the spans nest or are siblings.
    /// The one that tells usage counts; of several the innermost.
    mutating func markTwins() {
        var groups: [UInt32: [Int]] = [:]
        for (index, span) in spans.enumerated()
        where span.operation == .model && span.responseID != 0 {
            groups[span.responseID, default: []].append(index)
        }
        groups = groups.filter { $0.value.count > 1 }
        guard !groups.isEmpty else { return }
        let ancestry = ancestry()
        for members in groups.values {
            let sorted = members.sorted { left, right in
                let (a, b) = (spans[left], spans[right])
                if a.hasUsage != b.hasUsage { return a.hasUsage }
                let (upper, lower) = (ancestry.depth[left], ancestry.depth[right])
                if upper != lower { return upper > lower }
                let (inner, outer) = (a.end - a.start, b.end - b.start)
                return inner == outer ? isEarlier(left, right) : inner < outer
            }
            let counted = sorted[0]
            for other in sorted.dropFirst() where isTwin(other, of: counted, ancestry) {
                twin[other] = counted
            }
        }
    }

    private func isTwin(_ other: Int, of counted: Int, _ ancestry: Ancestry) -> Bool {
        spans[other].scope != spans[counted].scope
            && (parent[other] == parent[counted]
                || ancestry.isAncestor(other, orSelfOf: counted)
                || ancestry.isAncestor(counted, orSelfOf: other))
    }
}
