import OTLP

extension RepairForest {
    /// Cuts each cycle at its weakest edge.
    ///
    /// That is the one whose parent was not open around the child; where that does not tell them
    /// apart, the one into the span that started first, which becomes the root.
    mutating func cutCycles() {
        var visit = [Int](repeating: 0, count: spans.count)
        for start in spans.indices where visit[start] == 0 {
            var node = start
            while node >= 0 && visit[node] == 0 {
                visit[node] = start + 1
                node = parent[node]
            }
            if node >= 0 && visit[node] == start + 1 { cutCycle(through: node) }
        }
    }

    private mutating func cutCycle(through first: Int) {
        var weakest = first
        var loose = 0
        var node = first
        repeat {
            if isWeaker(node, than: weakest) { weakest = node }
            if !isEnclosedByParent(node) { loose += 1 }
            node = parent[node]
        } while node != first
        if isFixed[weakest] {
            notes.add("delivered parents of span \(spans[weakest].key) form a cycle; it was cut")
        }
        if !isFixed[weakest] { cutTops[weakest] = .cycle }
        makeRoot(weakest, rule: .cycle, confidence: loose == 1 ? 0.9 : 0.6)
    }

    private func isWeaker(_ left: Int, than right: Int) -> Bool {
        if isFixed[left] != isFixed[right] { return !isFixed[left] }
        let (a, b) = (isEnclosedByParent(left), isEnclosedByParent(right))
        return a == b ? isEarlier(left, right) : !a
    }

    private func isEnclosedByParent(_ node: Int) -> Bool {
        let (child, host) = (spans[node], spans[parent[node]])
        return host.start <= child.start && child.end <= host.end
    }
}
