import OTLP

/// What the rules know about a key, a span's name, a scope or an event: equal for all that are
/// equal to the rules.
struct KeyClass: Hashable, Sendable {
    struct Flags: OptionSet, Hashable, Sendable {
        let rawValue: UInt8

        /// A source of a GenAI row, or a GenAI attribute itself.
        static let genAI = Flags(rawValue: 1)
        /// A source of a general rename.
        static let general = Flags(rawValue: 2)
        /// One of the GenAI conventions, of whatever age.
        static let conventional = Flags(rawValue: 4)
        /// Evidence for or against a dialect.
        static let evidence = Flags(rawValue: 8)
        /// An event that rows read.
        static let event = Flags(rawValue: 16)
        /// Which rows apply may depend on it.
        static let planned = Flags(rawValue: 32)
        /// A literal key of a type that other types are made of.
        static let typed = Flags(rawValue: 64)
    }

    /// A pattern row: its file and its place there.
    typealias Use = RuleSet.PatternUse

    var flags: Flags = []
    /// Indices in `EvidenceTable.items`.
    var evidence: [Int] = []
    var uses: [Use] = []
    /// What is told apart beside that: the name of a scope or event, the conditions that a name
    /// meets.
    var text = ""
    var conditions: [Bool] = []
    /// Evidence of a resource, which proves nothing alone.
    var resourceEvidence: [Int] = []

    init() {}

    /// A literal key.
    init(_ key: String, _ rules: RuleSet, general: Set<String>, planned: Set<String>) {
        let matches = KeyMatches(key, rules)
        self.init(key, matches, rules, isSource: rules.sourceKeys.contains(key))
        if general.contains(key) { flags.formUnion([.general, .planned]) }
        if planned.contains(key) { flags.insert(.planned) }
    }

    init(_ key: String, _ matches: KeyMatches, _ rules: RuleSet, isSource: Bool) {
        uses = matches.uses.map(\.use)
        evidence = rules.evidence.byKey[key] ?? []
        for (prefix, item) in rules.evidence.byKeyPrefix where key.hasPrefix(prefix) {
            evidence.append(item)
        }
        if !evidence.isEmpty { flags.formUnion([.evidence, .planned]) }
        if !uses.isEmpty { flags.formUnion([.genAI, .planned]) }
        if isSource { flags.insert(.genAI) }
        if key.hasPrefix("gen_ai.") { flags.formUnion([.genAI, .conventional]) }
    }
}

/// The pattern rows that one key matches, and what its places hold.
struct KeyMatches: Sendable {
    var uses: [(use: RuleSet.PatternUse, captures: KeyPattern.Captures)] = []

    init(_ key: String, _ rules: RuleSet) {
        if let (shape, indices) = KeyPattern.shape(of: key) {
            for use in rules.patternsByShape[shape] ?? [] {
                uses.append((use, KeyPattern.Captures(indices: indices)))
            }
        }
        for use in rules.patternsWithName {
            guard case .attributes(let pattern) = rules.files[use.file].rows[use.row].source.place,
                let name = pattern.name(in: key)
            else { continue }
            uses.append((use, KeyPattern.Captures(key: name)))
        }
    }
}
