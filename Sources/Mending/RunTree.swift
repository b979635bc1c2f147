public import OTLP

/// The shape of a run for readers: roots, children in order, depths.
///
/// Total: a parent that is not there makes a root, and so does the first span of a cycle.
public struct RunTree: Sendable {
    /// Places of the roots, in the order of the spans.
    public private(set) var roots: [Int] = []
    /// All places, each parent before its children, each subtree together.
    public private(set) var preorder: [Int] = []
    private var above: [Int]
    private var depths: [Int]
    private var firstChild: [Int]
    private var childList: [Int]

    /// The tree of a mended run; places are those of `run.spans`.
    public init(_ run: MendedRun) {
        self.init(run.batch.spans.map { ($0.spanID, $0.parentSpanID) })
    }

    /// The tree of spans that name their parents. Of spans with one id the first is the parent.
    /// - Complexity: O(n).
    public init(_ spans: [(id: SpanID, parent: SpanID)]) {
        var places: [SpanID: Int] = [:]
        places.reserveCapacity(spans.count)
        for (place, span) in spans.enumerated() where span.id.isValid && places[span.id] == nil {
            places[span.id] = place
        }
        above = spans.enumerated().map { place, span in
            guard span.parent.isValid, let found = places[span.parent], found != place else {
                return -1
            }
            return found
        }
        depths = [Int](repeating: 0, count: spans.count)
        firstChild = []
        childList = []
        cutCycles()
        listChildren()
        walk()
    }

    /// How many spans the tree has.
    public var count: Int { above.count }

    /// The place of the parent; nil for a root.
    public func parent(of place: Int) -> Int? { above[place] < 0 ? nil : above[place] }

    /// The places of the children, in the order of the spans.
    public func children(of place: Int) -> ArraySlice<Int> {
        childList[firstChild[place]..<firstChild[place + 1]]
    }

    /// 0 for a root.
    public func depth(of place: Int) -> Int { depths[place] }

    private mutating func cutCycles() {
        var visit = [Int](repeating: 0, count: above.count)
        for start in above.indices where visit[start] == 0 {
            var place = start
            while place >= 0 && visit[place] == 0 {
                visit[place] = start + 1
                place = above[place]
            }
            guard place >= 0 && visit[place] == start + 1 else { continue }
            var first = place
            var next = above[place]
            while next != place {
                first = min(first, next)
                next = above[next]
            }
            above[first] = -1
        }
    }

    private mutating func listChildren() {
        firstChild = [Int](repeating: 0, count: above.count + 1)
        for parent in above where parent >= 0 { firstChild[parent + 1] += 1 }
        for place in above.indices { firstChild[place + 1] += firstChild[place] }
        childList = [Int](repeating: 0, count: firstChild[above.count])
        var next = firstChild
        for (place, parent) in above.enumerated() {
            if parent >= 0 {
                childList[next[parent]] = place
                next[parent] += 1
            } else {
                roots.append(place)
            }
        }
    }

    private mutating func walk() {
        var open = Array(roots.reversed())
        preorder.reserveCapacity(above.count)
        while let place = open.popLast() {
            preorder.append(place)
            for child in children(of: place).reversed() {
                depths[child] = depths[place] + 1
                open.append(child)
            }
        }
    }
}
