import OTLP

extension RepairForest {
    /// Finds model calls that two libraries told.
    ///
    /// Where a framework and an SDK both make a span of one call, the spans nest or are siblings.
    /// The one that tells usage counts; of several the innermost. The id of the model's response
    /// names the call; where a span has none, as when the call failed, nesting tells it too.
    mutating func markTwins() {
        guard spans.contains(where: { $0.operation == .model }) else { return }
        let ancestry = ancestry()
        markByResponse(ancestry)
        markByNesting(ancestry)
    }

    private mutating func markByResponse(_ ancestry: Ancestry) {
        var groups: [UInt32: [Int]] = [:]
        for (index, span) in spans.enumerated()
        where span.operation == .model && span.responseID != 0 {
            groups[span.responseID, default: []].append(index)
        }
        for members in groups.values where members.count > 1 {
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

    /// A model call of one library that holds exactly one model call of another is that call.
    ///
    /// Several below it are retries or parts, which are calls of their own.
    private mutating func markByNesting(_ ancestry: Ancestry) {
        var inner = [Int](repeating: -1, count: spans.count)
        var isCrowded = [Bool](repeating: false, count: spans.count)
        for (index, above) in parent.enumerated()
        where above >= 0 && spans[index].operation == .model && spans[above].operation == .model {
            if inner[above] >= 0 { isCrowded[above] = true }
            inner[above] = index
        }
        var isCounted = [Bool](repeating: false, count: spans.count)
        for counted in twin { if let counted { isCounted[counted] = true } }
        for outer in ancestry.order.reversed()
        where inner[outer] >= 0 && !isCrowded[outer] && twin[outer] == nil && !isCounted[outer] {
            let below = inner[outer]
            let (a, b) = (spans[outer], spans[below])
            let differs =
                a.responseID != b.responseID && a.responseID != 0 && b.responseID != 0
            guard !differs, a.scope != b.scope else { continue }
            let counted = twin[below] ?? below
            if a.hasUsage && !spans[counted].hasUsage {
                guard counted == below, !isCounted[below] else { continue }
                twin[below] = outer
                isCounted[outer] = true
            } else {
                twin[outer] = counted
                isCounted[counted] = true
            }
        }
    }
}
