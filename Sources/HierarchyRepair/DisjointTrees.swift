/// Which tree a span is in, while trees are being joined.
///
/// A root may hang below any span of another tree without making a cycle, and below none of its
/// own.
struct DisjointTrees {
    private var leader: [Int]
    private var size: [Int]

    /// - Parameter parent: for each span the index of its parent, or -1.
    init(parent: [Int]) {
        leader = Array(parent.indices)
        size = [Int](repeating: 1, count: parent.count)
        for (index, above) in parent.enumerated() where above >= 0 { join(index, above) }
    }

    /// - Complexity: O(log n): the smaller tree always joins the larger.
    func tree(of span: Int) -> Int {
        var span = span
        while leader[span] != span { span = leader[span] }
        return span
    }

    mutating func join(_ left: Int, _ right: Int) {
        var (a, b) = (tree(of: left), tree(of: right))
        guard a != b else { return }
        if size[a] < size[b] { swap(&a, &b) }
        leader[b] = a
        size[a] += size[b]
    }
}
