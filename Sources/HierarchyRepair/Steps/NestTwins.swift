import OTLP

extension RepairForest {
    /// Hangs the inner of two spans of one model call below the outer one.
    ///
    /// A framework and an SDK tell the same call. Where they do not share their context, their spans
    /// are siblings, or the inner one hangs further up, or it is a trace of its own. The same response
    /// id tells it; where a call failed or its id was not told, the same token counts, or times that
    /// nest tightly beside each other.
    mutating func nestTwins(_ minimumConfidence: Double) {
        let calls = spans.indices.filter { spans[$0].operation == .model }
        guard calls.count > 1, Set(calls.map { spans[$0].scope }).count > 1 else { return }
        let ancestry = ancestry()
        var trees = DisjointTrees(parent: parent)
        var isTaken = [Bool](repeating: false, count: spans.count)
        for call in calls where parent[call] >= 0 && spans[parent[call]].operation == .model {
            isTaken[call] = true
            isTaken[parent[call]] = true
        }
        let index = EnclosureIndex(calls, of: spans)
        var placed: Set<Int> = []
        for inner in calls.sorted(by: isEarlier)
        where !isTaken[inner] && !isFixed[inner] {
            var window = spans[inner]
            window.start = Placing.shift(window.start, by: 200_000)
            window.end = max(window.start, Placing.shift(window.end, by: -200_000))
            let found = index.spans(
                enclosing: window, of: spans, limit: RepairLimits.candidatesWeighed
            ) { outer in
                outer != inner && !isTaken[outer]
                    && isOuterTwin(outer, of: inner, ancestry)
            }
            let certain = found.filter { likeness($0, inner) >= 2 }
            let chosen = certain.isEmpty ? found.filter { likeness($0, inner) > 0 } : certain
            guard let outer = chosen.first, certain.count == 1 || chosen.count == 1 else {
                continue
            }
            let confidence = certain.isEmpty ? 0.75 : 0.97
            guard confidence >= minimumConfidence else { continue }
            isTaken[inner] = true
            isTaken[outer] = true
            guard parent[inner] != outer, !ancestry.isAncestor(inner, orSelfOf: outer) else {
                continue
            }
            if parent[inner] < 0 {
                guard trees.tree(of: inner) != trees.tree(of: outer) else { continue }
                trees.join(inner, outer)
            }
            placed.insert(inner)
            hang(
                inner, below: outer, rule: .twin,
                confidence: confidence)
        }
        if !placed.isEmpty { orphans.removeAll { placed.contains($0) } }
    }

    private func isOuterTwin(_ outer: Int, of inner: Int, _ ancestry: Ancestry) -> Bool {
        let (a, b) = (spans[outer], spans[inner])
        guard a.scope != b.scope, a.relation(to: b) != .different else { return false }
        let isLonger = a.end - a.start > b.end - b.start
        guard isLonger || a.start == b.start && a.end == b.end && outer < inner else {
            return false
        }
        if parent[inner] < 0 {
            return danglingParent[inner].isValid || a.key.traceID != b.key.traceID
        }
        return parent[inner] == parent[outer] || ancestry.isAncestor(parent[inner], orSelfOf: outer)
    }

    /// 3 for the same response, 2 for the same tokens in one call's time, 1 for times that nest
    /// tightly between siblings; 0 for two calls.
    private func likeness(_ outer: Int, _ inner: Int) -> Int {
        let (a, b) = (spans[outer], spans[inner])
        if a.responseID != 0 && b.responseID != 0 { return a.responseID == b.responseID ? 3 : 0 }
        let rest = (a.end - a.start) - min(a.end - a.start, b.end - b.start)
        let isTight = rest <= max(20_000_000, (b.end - b.start) / 20)
        if a.usage != 0 && b.usage != 0 { return a.usage == b.usage && isTight ? 2 : 0 }
        let isThread = a.thread == 0 || b.thread == 0 || a.thread == b.thread
        return isTight && isThread && parent[inner] >= 0 && parent[inner] == parent[outer] ? 1 : 0
    }
}
