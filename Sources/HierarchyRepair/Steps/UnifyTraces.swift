import OTLP

extension RepairForest {
    /// Makes one trace of the run, and settles ids, order and the times of placeholders.
    mutating func unifyTraces() -> RepairedTree {
        let ancestry = ancestry()
        coverPlaceholders(ancestry)
        let order = causalOrder(ancestry)
        let sequences = sequences(in: order)
        let traceID = runTraceID(in: order)
        let keys = mendedKeys(in: order, sequences: sequences, traceID: traceID)
        var places = [Int](repeating: -1, count: spans.count)
        for (place, span) in order.enumerated() { places[span] = place }
        var tree = RepairedTree(nodes: [], dropped: dropped.sorted(), renamed: [:], notes: [])
        tree.nodes.reserveCapacity(order.count)
        for (place, index) in order.enumerated() {
            let span = spans[index]
            if keys[index].traceID != span.key.traceID, span.pin == nil,
                danglingParent[index].isValid
            {
                makeRoot(index, rule: .remoteParent, confidence: 1)
            }
            let above = parent[index]
            var node = RepairedTree.Node(
                source: source[index], key: keys[index],
                parentSpanID: above >= 0 ? keys[above].spanID : danglingParent[index],
                parent: above >= 0 ? places[above] : nil, repair: repairs[index],
                duplicateOf: twin[index].map { keys[$0].spanID }, sequence: sequences[place],
                start: span.start, end: span.end)
            if let pin = span.pin { node.duplicateOf = pin.duplicateOf }
            if source[index] == nil {
                node.firstChild = ancestry.children(of: index).first.map { places[$0] }
            } else if keys[index] != span.key {
                tree.renamed[span.key] = keys[index]
            }
            tree.nodes.append(node)
        }
        tree.notes = notes.notes
        return tree
    }

    /// A placeholder lasts from the first start to the last end of its children.
    private mutating func coverPlaceholders(_ ancestry: Ancestry) {
        for index in ancestry.order.reversed() where source[index] == nil {
            let children = ancestry.children(of: index)
            guard let first = children.first else { continue }
            spans[index].start = children.reduce(spans[first].start) { min($0, spans[$1].start) }
            spans[index].end = children.reduce(spans[first].end) { max($0, spans[$1].end) }
        }
    }

    /// Parents before children, then by time: a child whose clock runs ahead waits for its parent.
    private func causalOrder(_ ancestry: Ancestry) -> [Int] {
        var ready = spans.map(\.start)
        for index in ancestry.order where parent[index] >= 0 {
            ready[index] = max(ready[index], ready[parent[index]])
        }
        return ancestry.order.sorted { left, right in
            if ready[left] != ready[right] { return ready[left] < ready[right] }
            let (upper, lower) = (ancestry.depth[left], ancestry.depth[right])
            return upper == lower ? isEarlier(left, right) : upper < lower
        }
    }

    /// Pinned spans keep their numbers; the others follow after the last of those.
    private func sequences(in order: [Int]) -> [Int] {
        var next = 0
        for span in spans { next = max(next, (span.pin?.sequence ?? -1) &+ 1) }
        return order.map { index in
            if let pin = spans[index].pin { return pin.sequence }
            defer { next &+= 1 }
            return next
        }
    }

    /// The trace id that was delivered, or the only reported one, or one made of the run.
    private func runTraceID(in order: [Int]) -> TraceID {
        let pinned = spans.lazy.compactMap(\.pin).min { $0.sequence < $1.sequence }
        if let pinned { return pinned.traceID }
        guard let first = order.first.map({ spans[$0].key.traceID }), first.isValid,
            spans.allSatisfy({ $0.key.traceID == first })
        else { return identity.traceID }
        return first
    }

    /// The ids that spans go by. Where traces of a run use one span id twice, the span that comes
    /// first keeps it.
    private mutating func mendedKeys(
        in order: [Int], sequences: [Int], traceID: TraceID
    ) -> [SpanKey] {
        var keys = spans.map(\.key)
        var used: Set<SpanKey> = []
        used.reserveCapacity(spans.count)
        let places = order.indices.sorted { sequences[$0] < sequences[$1] }
        for place in places {
            let index = order[place]
            let span = spans[index]
            var key = SpanKey(
                traceID: span.pin?.traceID ?? traceID, spanID: span.key.spanID)
            if !key.spanID.isValid || used.contains(key) {
                notes.add(
                    key.spanID.isValid
                        ? "span id \(key.spanID) names several spans of the run; all but the "
                            + "first got another"
                        : "a span without id got one")
                key.spanID = replacementID(of: index)
                while used.contains(key) { key.spanID = derivedID(of: key, salt: 0x73) }
            }
            used.insert(key)
            keys[index] = key
        }
        return keys
    }
}
