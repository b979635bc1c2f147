import Mending
public import OTLP

/// The spans of one run as a forest: roots and children in the order of the batch, which in a
/// mended run is causal and by time.
public struct SpanTree: Sendable {
    public let batch: TraceBatch
    private let tree: RunTree

    public init(_ batch: TraceBatch) {
        self.batch = batch
        tree = RunTree(batch.spans.map { (id: $0.spanID, parent: $0.parentSpanID) })
    }

    /// Indices in `batch.spans`.
    public var roots: [Int] { tree.roots }

    /// The indices of a span's children.
    public func children(of index: Int) -> ArraySlice<Int> { tree.children(of: index) }

    /// All spans, each before its children, each subtree together.
    public var preorder: [Int] { tree.preorder }
}
