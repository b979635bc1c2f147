/// Who is above whom, through parts that were placed.
extension Placing {
    /// The span above, through parts that were placed; nil at the top.
    func above(_ span: Int) -> Int? {
        forest.parent[span] >= 0 ? forest.parent[span] : joined[span]
    }

    /// The nearest common ancestor, through parts that were placed.
    func nearestCommonAncestor(_ left: Int, _ right: Int) -> Int? {
        if let shared = ancestry.nearestCommonAncestor(left, right) { return shared }
        var entries: [Int: Int] = [:]
        var node = left
        for _ in 0..<RepairLimits.traceHops {
            let top = ancestry.root[node]
            entries[top] = node
            guard let above = joined[top] else { break }
            node = above
        }
        node = right
        for _ in 0..<RepairLimits.traceHops {
            let top = ancestry.root[node]
            if let entry = entries[top] { return ancestry.nearestCommonAncestor(entry, node) }
            guard let above = joined[top] else { return nil }
            node = above
        }
        return nil
    }

    /// Whether a span is above another, as far as is known; where it is not, by their times.
    func isAbove(_ outer: Int, _ inner: Int) -> Bool {
        if ancestry.root[outer] == ancestry.root[inner] {
            return outer != inner && ancestry.isAncestor(outer, orSelfOf: inner)
        }
        if isCrowded {
            return spans[inner].isEnclosed(by: spans[outer])
        }
        guard let shared = nearestCommonAncestor(outer, inner) else {
            return spans[inner].isEnclosed(by: spans[outer])
        }
        return shared == outer && outer != inner
    }
}
