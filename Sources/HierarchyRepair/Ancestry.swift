/// Who is above whom in a forest, answered in logarithmic time.
///
/// Heavy paths: each node hangs on the path of its largest child, so that a walk to the root
/// changes paths at most log n times, however deep the forest is.
struct Ancestry {
    private let parent: [Int]
    private var firstChild: [Int]
    private var childList: [Int]
    private(set) var depth: [Int]
    /// The topmost node of the heavy path that a node is on.
    private var head: [Int]
    /// The root of the tree that a node is in.
    private(set) var root: [Int]
    /// All nodes, parents before children.
    private(set) var order: [Int]

    /// - Parameters:
    ///   - parent: for each node the index of its parent, or -1. Without cycles.
    ///   - precedes: how siblings are sorted.
    init(parent: [Int], sortedBy precedes: (Int, Int) -> Bool) {
        let count = parent.count
        self.parent = parent
        firstChild = [Int](repeating: 0, count: count + 1)
        for above in parent where above >= 0 { firstChild[above + 1] += 1 }
        for node in 0..<count { firstChild[node + 1] += firstChild[node] }
        childList = [Int](repeating: 0, count: firstChild[count])
        var next = firstChild
        let sorted = (0..<count).sorted(by: precedes)
        order = []
        order.reserveCapacity(count)
        for node in sorted {
            let above = parent[node]
            if above >= 0 {
                childList[next[above]] = node
                next[above] += 1
            } else {
                order.append(node)
            }
        }
        var position = 0
        while position < order.count {
            let node = order[position]
            order.append(contentsOf: childList[firstChild[node]..<firstChild[node + 1]])
            position += 1
        }
        depth = [Int](repeating: 0, count: count)
        head = [Int](repeating: 0, count: count)
        root = [Int](repeating: 0, count: count)
        settlePaths()
    }

    private mutating func settlePaths() {
        var size = [Int](repeating: 1, count: parent.count)
        var heavy = [Int](repeating: -1, count: parent.count)
        for node in order.reversed() where parent[node] >= 0 {
            let above = parent[node]
            size[above] += size[node]
            if heavy[above] < 0 || size[node] >= size[heavy[above]] { heavy[above] = node }
        }
        for node in order {
            let above = parent[node]
            guard above >= 0 else {
                head[node] = node
                root[node] = node
                continue
            }
            depth[node] = depth[above] + 1
            root[node] = root[above]
            head[node] = heavy[above] == node ? head[above] : node
        }
    }

    /// The children of a node in sibling order.
    func children(of node: Int) -> ArraySlice<Int> {
        childList[firstChild[node]..<firstChild[node + 1]]
    }

    /// The deepest node that both are or are below; nil in different trees.
    func nearestCommonAncestor(_ left: Int, _ right: Int) -> Int? {
        guard root[left] == root[right] else { return nil }
        var left = left
        var right = right
        while head[left] != head[right] {
            if depth[head[left]] >= depth[head[right]] {
                left = parent[head[left]]
            } else {
                right = parent[head[right]]
            }
        }
        return depth[left] <= depth[right] ? left : right
    }

    /// Whether a node is the other one or above it.
    func isAncestor(_ above: Int, orSelfOf node: Int) -> Bool {
        depth[above] <= depth[node] && nearestCommonAncestor(above, node) == above
    }
}

extension ArraySlice {
    /// Where the first element stands of which something holds, in an order in which it holds of
    /// all that follow.
    func partitioningIndex(where holds: (Element) -> Bool) -> Int {
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = low + (high - low) / 2
            if holds(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
