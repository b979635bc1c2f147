internal import OTLP

/// The parents within one trace, and for each span the nearest relative that names a run.
///
/// Spans that share an id, as retried exports do, count as one node.
struct Kinship {
    private struct Node {
        var parent: Int32 = -1
        var parentID = SpanID.invalid
        var run: Int32 = -1
        var above = Relative.none
        var below = Relative.none
    }

    /// The nearest relative in one direction that names a run.
    private struct Relative {
        var hops: Int32
        /// -1 where the nearest ones disagree.
        var run: Int32

        static let none = Relative(hops: .max, run: -1)
    }

    private var nodes: [Node] = []
    private var places: [SpanID: Int32] = [:]

    /// - Parameter precedes: orders runs, so that copies of one span that name different runs are
    ///   judged alike in any order of arrival.
    init(
        _ members: [TraceGroups.Member], of requests: [RunAssignment.Request],
        precedes: (Int32, Int32) -> Bool
    ) {
        for member in members {
            let span = requests[Int(member.request)].batch.spans[Int(member.span)]
            let node = place(of: span.spanID)
            if member.run >= 0, nodes[node].run < 0 || precedes(member.run, nodes[node].run) {
                nodes[node].run = member.run
            }
            let known = nodes[node].parentID
            if span.parentSpanID.isValid, !known.isValid || span.parentSpanID < known {
                nodes[node].parentID = span.parentSpanID
            }
        }
        for node in nodes.indices where nodes[node].parentID.isValid {
            nodes[node].parent = places[nodes[node].parentID] ?? -1
        }
        lookUp()
        lookDown()
    }

    /// The run of the span itself, of a copy of it, or of its nearest relative that names one.
    func nearestRun(of span: SpanID) -> Int32? {
        guard let place = places[span] else { return nil }
        let node = nodes[Int(place)]
        if node.run >= 0 { return node.run }
        let isBelowNearer = node.below.run >= 0 && node.below.hops < node.above.hops
        let run = isBelowNearer ? node.below.run : node.above.run
        return run >= 0 ? run : nil
    }

    private mutating func place(of span: SpanID) -> Int {
        if let known = places[span] { return Int(known) }
        places[span] = Int32(truncatingIfNeeded: nodes.count)
        nodes.append(Node())
        return nodes.count - 1
    }

    /// Finds the nearest ancestor of each node: walks up to a node that is known and comes back.
    private mutating func lookUp() {
        var isSeen = [Bool](repeating: false, count: nodes.count)
        var path: [Int] = []
        for start in nodes.indices where nodes[start].run < 0 {
            path.removeAll(keepingCapacity: true)
            var node = start
            while nodes[node].run < 0, !isSeen[node] {
                isSeen[node] = true
                path.append(node)
                guard nodes[node].parent >= 0 else { break }
                node = Int(nodes[node].parent)
            }
            var nearest =
                nodes[node].run >= 0 ? Relative(hops: 0, run: nodes[node].run) : nodes[node].above
            for node in path.reversed() {
                if nearest.run >= 0 { nearest.hops += 1 }
                nodes[node].above = nearest
            }
        }
    }

    /// Finds the nearest descendants: all named nodes climb together, one hop at a time.
    ///
    /// A node that is reached once is passed on once, so cycles end by themselves.
    private mutating func lookDown() {
        var front = nodes.indices.filter { nodes[$0].run >= 0 }
        var hops: Int32 = 0
        while !front.isEmpty {
            hops += 1
            var next: [Int] = []
            for node in front where nodes[node].parent >= 0 {
                let parent = Int(nodes[node].parent)
                guard nodes[parent].run < 0 else { continue }
                let run = nodes[node].run >= 0 ? nodes[node].run : nodes[node].below.run
                if nodes[parent].below.hops == .max {
                    nodes[parent].below = Relative(hops: hops, run: run)
                    next.append(parent)
                } else if nodes[parent].below.hops == hops, nodes[parent].below.run != run {
                    nodes[parent].below.run = -1
                }
            }
            front = next
        }
    }
}
