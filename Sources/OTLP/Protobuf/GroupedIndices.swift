/// Which elements of an array belong to which group, each group in the array's order.
///
/// A decoded batch lies by group already; then there is nothing to sort.
struct GroupedIndices {
    /// Where the elements of a group end; they begin where the group before ends.
    private var ends: [Int] = []
    /// The elements by group; nil where they lie so themselves.
    private var order: [Int]?

    init() {}

    /// - Precondition: every element names a group below `groups`.
    /// - Complexity: linear in elements and groups.
    init<Element>(_ elements: [Element], groups: Int, by group: (Element) -> UInt32) {
        regroup(elements, groups: groups, by: group)
    }

    /// Groups other elements, in the memory that there is.
    @inline(__always)
    mutating func regroup<Element>(
        _ elements: [Element], groups: Int, by group: (Element) -> UInt32
    ) {
        order = nil
        ends.removeAll(keepingCapacity: true)
        for _ in 0..<groups { ends.append(0) }
        var isGrouped = true
        var latest: UInt32 = 0
        for element in elements {
            let number = group(element)
            if number < latest { isGrouped = false }
            latest = number
            ends[Int(number)] += 1
        }
        var end = 0
        for number in ends.indices {
            end += ends[number]
            ends[number] = end
        }
        guard !isGrouped else { return }
        var sorted = Array(repeating: 0, count: elements.count)
        var next = [0] + ends
        for (index, element) in elements.enumerated() {
            let number = Int(group(element))
            sorted[next[number]] = index
            next[number] += 1
        }
        order = sorted
    }

    /// The places of a group's elements, for `element(at:)`.
    @inline(__always)
    func places(of group: Int) -> Range<Int> {
        (group == 0 ? 0 : ends[group - 1])..<ends[group]
    }

    @inline(__always)
    func element(at place: Int) -> Int {
        if let order { order[place] } else { place }
    }
}
