import OTLP

/// Finds places for the loose parts of a run; the forest is changed only when all have theirs.
///
/// Clocks are compared here, so the times are those of the run's first process; reported times are
/// never rewritten.
struct Placing {
    struct Placement {
        var part: Int
        /// Nil where the part stays a root.
        var host: Int?
        var rule: RepairRule
        var confidence: Double
        var withPlaceholder = false
    }

    /// With aligned times.
    var spans: [RepairSpan]
    let ancestry: Ancestry
    let parts: [LoosePart]
    /// The part that a loose span is a top of.
    let partOfTop: [Int: Int]
    private(set) var isPlaced: [Bool]
    private(set) var placements: [Placement] = []
    private var trees: DisjointTrees
    /// For each top that was placed, the span it hangs below.
    private(set) var joined: [Int: Int] = [:]
    /// For each host the tops that were placed below it.
    private(set) var added: [Int: [Int]] = [:]
    /// Spans below which another process works already.
    private(set) var isServed: [Bool]
    var byProcess: [UInt32: EnclosureIndex] = [:]
    var containers: EnclosureIndex
    let callers: UsualCallers
    /// Tops of trees that may hold others, the longest first, at most 64.
    private(set) var longestTops: [Int] = []
    /// For each span, how many steps that may start processes are like it beside it; else 1.
    var families: [Int] = []
    /// Spans without a parent that are known to have started processes.
    var orphanedStarters: [Int] = []
    /// Processes whose times were shifted.
    private(set) var aligned: Set<UInt32> = []
    /// Processes that others started.
    var workers: Set<UInt32> = []
    /// There are too many loose parts for more than a short look at each.
    let isCrowded: Bool
    private let ofProcess: [UInt32: [Int]]
    /// Roots by trace, where they have come; -1 where there are several.
    let rootOfTrace: [TraceID: Int]
    var cutRules: [Int: RepairRule] { forest.cutTops }
    private let forest: RepairForest
    private var knownTexts: SharedTexts?
    var notes = NoteList()
    var explaining: Int?
    var explanation: [RepairedTree.Candidate] = []

    init(_ forest: RepairForest, parts: [LoosePart]) {
        self.forest = forest
        self.parts = parts
        isCrowded = parts.count > RepairLimits.partsOfManyRounds
        ofProcess = Dictionary(grouping: forest.spans.indices) { forest.spans[$0].process }
        spans = forest.spans
        ancestry = forest.ancestry()
        var partOfTop: [Int: Int] = [:]
        for (place, part) in parts.enumerated() { for top in part.tops { partOfTop[top] = place } }
        self.partOfTop = partOfTop
        isPlaced = [Bool](repeating: false, count: parts.count)
        trees = DisjointTrees(parent: forest.parent)
        for part in parts { for top in part.tops.dropFirst() { trees.join(top, part.top) } }
        isServed = [Bool](repeating: false, count: spans.count)
        for (index, above) in forest.parent.enumerated()
        where above >= 0 && spans[index].relation(to: spans[above]) == .different {
            isServed[above] = true
        }
        callers = UsualCallers(forest, ancestry)
        let loose = Set(partOfTop.keys)
        var roots: [TraceID: Int] = [:]
        for index in spans.indices
        where forest.parent[index] < 0 && forest.source[index] != nil
            && (!loose.contains(index) || !forest.spans[index].parentSpanID.isValid)
        {
            roots[spans[index].key.traceID] =
                roots[spans[index].key.traceID] == nil ? index : -1
        }
        rootOfTrace = roots
        containers = EnclosureIndex([], of: [])
        explaining = forest.explaining
        indexContainers()
    }

    var open: [Int] { parts.indices.filter { !isPlaced[$0] } }

    mutating func indexContainers() {
        var members: [Int] = []
        var processes: [UInt32: [Int]] = [:]
        for (index, span) in spans.enumerated()
        where forest.source[index] != nil && span.mayHoldAnything {
            members.append(index)
            processes[span.process, default: []].append(index)
        }
        containers = EnclosureIndex(members, of: spans)
        longestTops = Array(
            members.filter { ancestry.depth[$0] == 0 }.sorted { left, right in
                let (a, b) = (spans[left], spans[right])
                return (b.end - b.start, left) < (a.end - a.start, right)
            }.prefix(64))
        byProcess = processes.mapValues { EnclosureIndex($0, of: spans) }
    }

    func spans(of process: UInt32) -> [Int] { ofProcess[process] ?? [] }

    var candidatesWeighed: Int {
        isCrowded ? RepairLimits.candidatesWeighedOfMany : RepairLimits.candidatesWeighed
    }

    var candidatesSeen: Int {
        isCrowded ? RepairLimits.candidatesSeenOfMany : RepairLimits.candidatesSeen
    }

    /// Shifts a process's times for the comparison.
    mutating func align(_ process: UInt32, by offset: Int64) {
        aligned.insert(process)
        for index in spans(of: process) {
            spans[index].start = Self.shift(spans[index].start, by: offset)
            spans[index].end = Self.shift(spans[index].end, by: offset)
        }
    }

    static func shift(_ time: UInt64, by offset: Int64) -> UInt64 {
        offset >= 0
            ? time.addingReportingOverflow(UInt64(offset)).overflow ? .max : time + UInt64(offset)
            : time - min(time, offset.magnitude)
    }

    /// The part's cover with aligned times.
    func cover(of part: Int) -> RepairSpan {
        var cover = parts[part].cover
        cover.start = spans[parts[part].top].start
        cover.end = cover.start
        for top in parts[part].tops {
            cover.start = min(cover.start, spans[top].start)
            cover.end = max(cover.end, spans[top].end)
        }
        return cover
    }

    /// The span among the tops that lasted longest, which tells the others' clocks nothing.
    func longest(of part: Int) -> RepairSpan {
        var longest = parts[part].cover
        var length: UInt64 = 0
        for top in parts[part].tops where spans[top].end - spans[top].start >= length {
            length = spans[top].end - spans[top].start
            longest.start = spans[top].start
            longest.end = spans[top].end
        }
        return longest
    }

    /// Whether a part may hang below a span at all.
    func isOpen(_ host: Int, to part: Int) -> Bool {
        let isSameTrace = spans[host].key.traceID == parts[part].cover.key.traceID
        return isSameTrace == parts[part].isOfTrace
            && trees.tree(of: host) != trees.tree(of: parts[part].top)
    }

    mutating func place(
        _ part: Int, below host: Int?, _ rule: RepairRule, _ confidence: Double,
        withPlaceholder: Bool = false
    ) {
        guard !isPlaced[part] else { return }
        if let host {
            guard trees.tree(of: host) != trees.tree(of: parts[part].top) else { return }
            trees.join(parts[part].top, host)
            for top in parts[part].tops { joined[top] = host }
            added[host, default: []].append(contentsOf: parts[part].tops)
            if spans[host].relation(to: parts[part].cover) == .different { isServed[host] = true }
        }
        isPlaced[part] = true
        placements.append(
            Placement(
                part: part, host: host, rule: rule, confidence: confidence,
                withPlaceholder: withPlaceholder))
    }

    /// The span above, through parts that were placed; nil at the top.
    func above(_ span: Int) -> Int? {
        forest.parent[span] >= 0 ? forest.parent[span] : joined[span]
    }

    /// The nearest common ancestor, through parts that were placed.
    func nearestCommonAncestor(_ left: Int, _ right: Int) -> Int? {
        if let shared = ancestry.nearestCommonAncestor(left, right) { return shared }
        var entries: [Int: Int] = [:]
        var node = left
        for _ in 0..<RepairLimits.traceHops {
            let top = ancestry.root[node]
            entries[top] = node
            guard let above = joined[top] else { break }
            node = above
        }
        node = right
        for _ in 0..<RepairLimits.traceHops {
            let top = ancestry.root[node]
            if let entry = entries[top] { return ancestry.nearestCommonAncestor(entry, node) }
            guard let above = joined[top] else { return nil }
            node = above
        }
        return nil
    }

    /// Whether a span is above another, as far as is known; where it is not, by their times.
    func isAbove(_ outer: Int, _ inner: Int) -> Bool {
        if isCrowded && ancestry.root[outer] != ancestry.root[inner] {
            return spans[inner].isEnclosed(by: spans[outer])
        }
        guard let shared = nearestCommonAncestor(outer, inner) else {
            return spans[inner].isEnclosed(by: spans[outer])
        }
        return shared == outer && outer != inner
    }

    /// The shared texts, which cost more to read than all else.
    mutating func texts() -> SharedTexts {
        if let knownTexts { return knownTexts }
        let made = SharedTexts(forest)
        knownTexts = made
        return made
    }

    /// Whether a span belongs to another member of a root's own burst: workers of one pool run
    /// beside each other, never below.
    func isPeer(_ host: Int, of part: Int) -> Bool {
        guard !parts[part].isOfTrace else { return false }
        let top = spans[ancestry.root[host]]
        let span = parts[part].cover
        let isCall = span.operation == .tool || span.operation == .model
        guard !isCall || ancestry.root[host] == host else { return false }
        return top.nameShape == span.nameShape && top.operation == span.operation
            && top.service == span.service
    }
}

extension RepairSpan {
    /// Whether anything that lost its parent may lie below.
    var mayHoldAnything: Bool { isContainer || operation == .tool || operation == .model }

    /// Whether a span may lie below this one.
    func mayHold(_ span: RepairSpan) -> Bool {
        switch operation {
        case .tool: true
        case .model:
            span.operation == .http && span.kind == SpanKind.client
                || span.operation == .model && scope != span.scope && scope != 0 && span.scope != 0
        default: isContainer
        }
    }
}
