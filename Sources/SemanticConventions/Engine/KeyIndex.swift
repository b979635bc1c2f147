import OTLP

/// What the rules know about keys, looked up once for each key of a batch.
struct KeyIndex: Sendable {
    /// A pattern row that a key matches.
    struct Match: Hashable, Sendable {
        var use: RuleSet.PatternUse
        var captures: KeyPattern.Captures
    }

    struct Facts: Sendable {
        var key: String
        /// The key's number in the rules' table.
        var id: KeyID
        /// Indices in `EvidenceTable.items`, for the key's mere presence.
        var evidence: [Int] = []
        var matches: [Match] = []
        /// The key is a source of a GenAI row or a GenAI attribute itself.
        var isGenAI = false
        var isGeneral = false
        /// The key is one of the GenAI conventions, of whatever age.
        var isConventional = false
    }

    private let rules: RuleSet
    private let generalKeys: Set<String>
    /// By the key's number in the batch's table.
    private var known: [Int32] = []
    private var byText: [String: Int32] = [:]
    private var facts: [Facts] = []

    init(rules: RuleSet) {
        self.rules = rules
        var keys: Set<String> = []
        for row in rules.generalRows {
            if case .attribute(let key) = row.source.place { keys.insert(key) }
        }
        generalKeys = keys
        for number in 1...max(rules.keyTable.count, 1) {
            _ = self.number(of: rules.keyTable.key(of: KeyID(number: UInt16(number))))
        }
    }

    subscript(number: Int32) -> Facts { facts[Int(number)] }

    /// The number of the facts about an attribute's key.
    mutating func number(of attribute: Attribute, in batch: TraceBatch) -> Int32 {
        let id = Int(attribute.keyID.number)
        if id > 0 {
            if id >= known.count {
                known += Array(repeating: -1, count: id + 1 - known.count)
            }
            if known[id] >= 0 { return known[id] }
        }
        let key = batch.key(of: attribute)
        let number = self.number(of: key)
        if id > 0 { known[id] = number }
        return number
    }

    private mutating func number(of key: String) -> Int32 {
        if let number = byText[key] { return number }
        let number = Int32(facts.count)
        facts.append(look(up: key))
        byText[key] = number
        return number
    }

    private func look(up key: String) -> Facts {
        var found = Facts(key: key, id: rules.keyTable.id(of: key))
        found.evidence = rules.evidence.byKey[key] ?? []
        for (prefix, item) in rules.evidence.byKeyPrefix where key.hasPrefix(prefix) {
            found.evidence.append(item)
        }
        if let (shape, indices) = KeyPattern.shape(of: key) {
            for use in rules.patternsByShape[shape] ?? [] {
                found.matches.append(
                    Match(use: use, captures: KeyPattern.Captures(indices: indices)))
            }
        }
        for use in rules.patternsWithName {
            guard case .attributes(let pattern) = rules.files[use.file].rows[use.row].source.place,
                let name = pattern.name(in: key)
            else { continue }
            found.matches.append(Match(use: use, captures: KeyPattern.Captures(key: name)))
        }
        found.isGenAI =
            rules.sourceKeys.contains(key) || !found.matches.isEmpty || key.hasPrefix("gen_ai.")
        found.isConventional = key.hasPrefix("gen_ai.")
        found.isGeneral = generalKeys.contains(key)
        return found
    }
}
