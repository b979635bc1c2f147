public import OTLP

/// The spans of one run as a forest: roots and children in time order.
///
/// Total: a span whose parent is not among the spans is a root, and so is one span of each cycle.
public struct SpanTree: Sendable {
    public let batch: TraceBatch
    /// Indices in `batch.spans`.
    public let roots: [Int]
    /// For each span, the indices of its children.
    public let children: [[Int]]

    /// - Complexity: O(n log n); no recursion.
    public init(_ batch: TraceBatch) {
        self.batch = batch
        var indices: [SpanKey: Int] = [:]
        for (index, span) in batch.spans.enumerated() { indices[span.key] = index }
        let parents = batch.spans.enumerated().map { index, span -> Int? in
            guard span.parentSpanID.isValid else { return nil }
            let key = SpanKey(traceID: span.traceID, spanID: span.parentSpanID)
            return indices[key].flatMap { $0 == index ? nil : $0 }
        }
        let heads = Self.headsOfCycles(parents)
        var roots: [Int] = []
        var children = [[Int]](repeating: [], count: parents.count)
        let ordered = batch.spans.indices.sorted { left, right in
            let (a, b) = (batch.spans[left], batch.spans[right])
            return (a.startTimeUnixNano, a.key, left) < (b.startTimeUnixNano, b.key, right)
        }
        for index in ordered {
            if let parent = parents[index], !heads.contains(index) {
                children[parent].append(index)
            } else {
                roots.append(index)
            }
        }
        self.roots = roots
        self.children = children
    }

    /// All spans, each before its children, with their depth from 0.
    public func depthFirst() -> [(index: Int, depth: Int)] {
        var order: [(index: Int, depth: Int)] = []
        order.reserveCapacity(batch.spans.count)
        var stack = roots.reversed().map { (index: $0, depth: 0) }
        while let next = stack.popLast() {
            order.append(next)
            for child in children[next.index].reversed() {
                stack.append((index: child, depth: next.depth + 1))
            }
        }
        return order
    }

    /// One span of each cycle, the first in the order of the batch.
    private static func headsOfCycles(_ parents: [Int?]) -> Set<Int> {
        enum Mark { case new, onPath, done }
        var marks = [Mark](repeating: .new, count: parents.count)
        var heads: Set<Int> = []
        for start in parents.indices where marks[start] == .new {
            var path: [Int] = []
            var next: Int? = start
            while let index = next, marks[index] == .new {
                marks[index] = .onPath
                path.append(index)
                next = parents[index]
            }
            if let index = next, marks[index] == .onPath { heads.insert(index) }
            for index in path { marks[index] = .done }
        }
        return heads
    }
}
