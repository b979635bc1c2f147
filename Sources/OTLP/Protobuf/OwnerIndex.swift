/// Finds what is kept aside of a batch by what it belongs to.
struct OwnerIndex {
    /// Owners in ascending order, those of one owner in the order in which they came.
    private let entries: [(owner: UInt64, place: Int)]

    init() { entries = [] }

    init<Element>(_ elements: [Element], by owner: (Element) -> UInt64) {
        entries = elements.indices.map { (owner(elements[$0]), $0) }.sorted { $0 < $1 }
    }

    var isEmpty: Bool { entries.isEmpty }

    /// Calls with the place of each element of an owner, the last one first.
    /// - Complexity: logarithmic in all elements, linear in those found.
    func forEachReversed(of owner: UInt64, _ body: (Int) -> Void) {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].owner <= owner { low = middle + 1 } else { high = middle }
        }
        while low > 0, entries[low - 1].owner == owner {
            low -= 1
            body(entries[low].place)
        }
    }
}

extension UnknownField.Owner {
    /// A number of its own for every owner.
    var code: UInt64 {
        switch self {
        case .request: 0
        case .resourceSpans(let index): 1 << 32 | UInt64(index)
        case .resource(let index): 2 << 32 | UInt64(index)
        case .scopeSpans(let index): 3 << 32 | UInt64(index)
        case .scope(let index): 4 << 32 | UInt64(index)
        case .span(let index): 5 << 32 | UInt64(index)
        case .status(let index): 6 << 32 | UInt64(index)
        case .event(let index): 7 << 32 | UInt64(index)
        case .link(let index): 8 << 32 | UInt64(index)
        case .keyValue(let offset): 9 << 32 | UInt64(offset)
        case .value(let offset): 10 << 32 | UInt64(offset)
        }
    }
}

extension IrregularID.Owner {
    /// A number of its own for every owner.
    var code: UInt64 {
        switch self {
        case .span(let index): 1 << 32 | UInt64(index)
        case .link(let index): 2 << 32 | UInt64(index)
        }
    }
}
