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

    /// What a part's candidates weighed after so many placements.
    struct Weighed {
        var placementCount: Int
        var candidates: [Int]
        var weights: [Weight]
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
    var aligned: Set<UInt32> = []
    /// Processes that others started.
    var workers: Set<UInt32> = []
    /// There are too many loose parts for more than a short look at each.
    let isCrowded: Bool
    private let ofProcess: [UInt32: [Int]]
    /// Roots by trace, where they have come; -1 where there are several.
    let rootOfTrace: [TraceID: Int]
    var cutRules: [Int: RepairRule] { forest.cutTops }
    let forest: RepairForest
    private var knownTexts: SharedTexts?
    var notes = NoteList()
    /// For each part that was weighed, how it was at last.
    var weighed: [Int: Weighed] = [:]
    /// How many weights may still be looked at to place parts together.
    var jointWorkLeft = RepairLimits.jointWork
    /// The largest groups that could not be placed together.
    var largestCrowd = 0
    var hardestGroup = 0
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

    /// The shared texts, which cost more to read than all else.
    mutating func texts() -> SharedTexts {
        if let knownTexts { return knownTexts }
        let made = SharedTexts(forest)
        knownTexts = made
        return made
    }
}
