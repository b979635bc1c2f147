import Mending
public import OTLP

/// The spans of one run as a forest, siblings by their start.
///
/// Total: a span whose parent is not among the spans is a root, and so is one span of each cycle.
public struct SpanTree: Sendable {
    public let batch: TraceBatch
    private let tree: RunTree
    /// The indices in `batch.spans` by time: what comes back from an export request is grouped by
    /// scope.
    private let order: [Int]
    private let places: [Int]

    /// - Complexity: O(n log n); no recursion.
    public init(_ batch: TraceBatch) {
        self.batch = batch
        order = batch.spans.indices.sorted { left, right in
            let (a, b) = (batch.spans[left], batch.spans[right])
            return (a.startTimeUnixNano, a.key, left) < (b.startTimeUnixNano, b.key, right)
        }
        var places = [Int](repeating: 0, count: order.count)
        for (place, index) in order.enumerated() { places[index] = place }
        self.places = places
        tree = RunTree(
            order.map { (id: batch.spans[$0].spanID, parent: batch.spans[$0].parentSpanID) })
    }

    /// Indices in `batch.spans`.
    public var roots: [Int] { tree.roots.map { order[$0] } }

    /// The indices of a span's children.
    public func children(of index: Int) -> [Int] {
        tree.children(of: places[index]).map { order[$0] }
    }

    /// All spans, each before its children, each subtree together.
    public var preorder: [Int] { tree.preorder.map { order[$0] } }
}
