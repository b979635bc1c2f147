import OTLP

/// The working state that the steps hand on: spans in an order that does not depend on how they
/// came, and for each its parent.
struct RepairForest {
    /// Sorted by key and content; placeholders behind.
    var spans: [RepairSpan]
    /// For each span its index in the input; nil for a placeholder.
    var source: [Int?]
    /// Index of the parent; -1 for none.
    var parent: [Int]
    var repairs: [RepairedTree.Repair?]
    /// Parents that are pinned, and so of no concern to any step.
    var isFixed: [Bool]
    /// For spans that stay roots: the parent id that they keep.
    var danglingParent: [SpanID]
    /// Spans that count instead of others, by index.
    var twin: [Int?]
    var dropped: [Int] = []
    /// Orphans whose lost parent no step has dealt with yet.
    var orphans: [Int] = []
    /// Spans that were cut from themselves or from a cycle, and by which rule.
    var cutTops: [Int: RepairRule] = [:]
    /// Hashes of the texts that a span of the input tells.
    let texts: (Int) -> [UInt64]
    /// The span whose choice is to be explained.
    var explaining: Int?
    /// Placeholders by their ids.
    var placeholders: [SpanID: Int] = [:]
    var notes = NoteList()
    let identity: StableHash
    /// Pins of which no span has come: among them the placeholders that were given away.
    let absentPins: [SpanKey: RepairPin]

    init(
        _ input: [RepairSpan], identity: StableHash, absentPins: [SpanKey: RepairPin],
        texts: @escaping (Int) -> [UInt64]
    ) {
        self.texts = texts
        var tidy = input
        for index in tidy.indices { tidy[index].end = max(tidy[index].end, tidy[index].start) }
        let order = tidy.indices.sorted { left, right in tidy[left].precedes(tidy[right]) }
        spans = order.map { tidy[$0] }
        source = order.map { $0 }
        parent = [Int](repeating: -1, count: spans.count)
        repairs = [RepairedTree.Repair?](repeating: nil, count: spans.count)
        isFixed = [Bool](repeating: false, count: spans.count)
        danglingParent = [SpanID](repeating: .invalid, count: spans.count)
        twin = [Int?](repeating: nil, count: spans.count)
        self.identity = identity
        self.absentPins = absentPins
    }

    mutating func hang(
        _ span: Int, below host: Int, rule: RepairRule, confidence: Double
    ) {
        parent[span] = host
        danglingParent[span] = .invalid
        repairs[span] = RepairedTree.Repair(rule: rule, confidence: confidence)
    }

    mutating func makeRoot(_ span: Int, rule: RepairRule, confidence: Double) {
        parent[span] = -1
        danglingParent[span] = .invalid
        repairs[span] = RepairedTree.Repair(rule: rule, confidence: confidence)
    }

    /// Adds a placeholder and returns its index.
    mutating func addPlaceholder(_ span: RepairSpan) -> Int {
        spans.append(span)
        source.append(nil)
        parent.append(-1)
        repairs.append(nil)
        isFixed.append(span.pin != nil)
        danglingParent.append(.invalid)
        twin.append(nil)
        placeholders[span.key.spanID] = spans.count - 1
        return spans.count - 1
    }

    /// The current ancestry. The steps that need it make it once, not once a span.
    func ancestry() -> Ancestry {
        Ancestry(parent: parent) { left, right in isEarlier(left, right) }
    }

    /// Order in time; where times are equal the longer first, then by key.
    func isEarlier(_ left: Int, _ right: Int) -> Bool {
        let (a, b) = (spans[left], spans[right])
        if a.start != b.start { return a.start < b.start }
        if a.end != b.end { return a.end > b.end }
        if a.key != b.key { return a.key < b.key }
        return left < right
    }

    /// The placeholder id of a lost parent.
    func placeholderID(of lost: SpanKey) -> SpanID {
        derivedID(of: lost, salt: 0x70)
    }

    /// The id that a span gets where another trace of the run uses its own, or where it has none.
    func replacementID(of span: Int) -> SpanID {
        guard spans[span].key.spanID.isValid else {
            var hash = identity
            hash.combine(spans[span].key.traceID.high)
            hash.combine(spans[span].key.traceID.low)
            hash.combine(spans[span].contentHash)
            return hash.spanID
        }
        return derivedID(of: spans[span].key, salt: 0x73)
    }

    /// An id made of the run and a reported key.
    func derivedID(of key: SpanKey, salt: UInt8) -> SpanID {
        var hash = identity
        hash.combine(byte: salt)
        hash.combine(key.traceID.high)
        hash.combine(key.traceID.low)
        hash.combine(key.spanID.word)
        return hash.spanID
    }
}

/// Notes in the order in which they came up, each once, and not without end.
struct NoteList {
    private(set) var notes: [String] = []
    private var seen: Set<String> = []
    private static let limit = 100

    mutating func add(_ note: String) {
        guard notes.count <= Self.limit, seen.insert(note).inserted else { return }
        notes.append(notes.count < Self.limit ? note : "more notes were left out")
    }
}

extension RepairSpan {
    /// A total order by what the span tells, so that the order of arrival leaves no trace.
    func precedes(_ other: RepairSpan) -> Bool {
        if key != other.key { return key < other.key }
        if end != other.end { return end > other.end }
        if richness != other.richness { return richness > other.richness }
        if start != other.start { return start < other.start }
        return contentHash < other.contentHash
    }
}
