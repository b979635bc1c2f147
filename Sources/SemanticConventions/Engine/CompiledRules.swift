import OTLP

/// What the engine reads of the rules: rows and keys by number, worked out once.
final class CompiledRules: Sendable {
    let rules: RuleSet
    let pipeline: ValuePipeline
    let canonical: CanonicalDocument
    /// The rows of each file, in their order.
    let files: [[CompiledRow]]
    let generalRows: [CompiledRow]
    /// By key number: its place in the order of all keys.
    let ranks: [Int32]
    /// By the number of a literal key; nothing at 0.
    let keys: [KeyClass]
    /// The rows that read keys of a pattern, by its text.
    let usesByPattern: [String: [RuleSet.PatternUse]]
    /// Keys that operation rows read: they are not lost.
    let kindKeys: Set<String>
    /// The paths that conditions look at, numbered from 1.
    let paths: [JSONPath: Int]
    /// Every condition on the span's name.
    let nameConditions: [Condition]
    let eventSources: Set<String>
    /// The types of GenAI attributes that come in other types, by key number.
    let coerced: [ValueType?]
    /// By key number; what of attributes that no table types.
    let types: [ValueType]
    /// By key number; what makes a canonical scalar right.
    let normalForms: [[ValueOperation]?]
    /// The numbers of keys whose right values a map tells.
    let mappedKeys: [Int]
    let documentKeys: [KeyID]
    /// The current names of general attributes.
    let currentKeys: Set<String>
    let known: KnownKeys

    init(_ rules: RuleSet) {
        self.rules = rules
        pipeline = ValuePipeline(maps: rules.maps)
        canonical = CanonicalDocument(maps: rules.maps)
        known = KnownKeys(rules.keyTable)
        documentKeys = Document.allCases.map { rules.keyTable.id(of: $0.key) }
        currentKeys = Set(
            rules.generalRows.compactMap { row in
                if case .attribute(let key, _) = row.target { key } else { nil }
            })
        let kinds = rules.commonKinds + rules.dialects.flatMap(\.kinds)
        let kindKeys = Self.kindKeys(kinds)
        self.kindKeys = kindKeys
        let conditions =
            kinds.flatMap(\.conditions)
            + (rules.files.flatMap(\.rows) + rules.generalRows).flatMap(\.conditions)
        var paths: [JSONPath: Int] = [:]
        for path in conditions.compactMap(\.path) where paths[path] == nil {
            paths[path] = paths.count + 1
        }
        self.paths = paths
        var rows = 0
        func compiled(_ mappings: [MappingRow], file: Int) -> [CompiledRow] {
            mappings.enumerated().map { row, mapping in
                rows += 1
                return CompiledRow(
                    mapping, number: rows, use: RuleSet.PatternUse(file: file, row: row),
                    keys: rules.keyTable, kindKeys: kindKeys, paths: paths)
            }
        }
        files = rules.files.enumerated().map { compiled($1.rows, file: $0) }
        generalRows = compiled(rules.generalRows, file: -1)
        var uses: [String: [RuleSet.PatternUse]] = [:]
        for use in rules.patternsByShape.values.joined() + rules.patternsWithName {
            if case .attributes(let pattern) = rules.files[use.file].rows[use.row].source.place {
                uses[pattern.text, default: []].append(use)
            }
        }
        usesByPattern = uses
        var names: [Condition] = []
        for condition in conditions where condition.isAboutName && !names.contains(condition) {
            names.append(condition)
        }
        nameConditions = names
        eventSources = Set(
            rules.files.flatMap(\.rows).compactMap { row in
                if case .event(let name, _) = row.source.place { name } else { nil }
            })
        let texts = (0...rules.keyTable.count).map {
            rules.keyTable.key(of: KeyID(number: UInt16($0)))
        }
        var ranks = [Int32](repeating: 0, count: texts.count)
        for (rank, number) in texts.indices.sorted(by: { texts[$0] < texts[$1] }).enumerated() {
            ranks[number] = Int32(rank)
        }
        self.ranks = ranks
        let planned = Self.plannedKeys(rules, conditions, kindKeys)
        let general = Self.generalKeys(rules)
        let coerced = texts.map { key -> ValueType? in
            guard key.hasPrefix("gen_ai."), let type = rules.types[key], type != .document,
                type != .any
            else { return nil }
            return type
        }
        self.coerced = coerced
        keys = texts.enumerated().map { number, key in
            if number == 0 { return KeyClass() }
            var found = KeyClass(key, rules, general: general, planned: planned)
            if coerced[number] != nil { found.flags.insert(.typed) }
            return found
        }
        types = texts.map { rules.types[$0] ?? .any }
        normalForms = texts.map { rules.normalForms[$0] }
        mappedKeys = texts.indices.filter { number in
            if case .map? = rules.normalForms[texts[number]]?.last { true } else { false }
        }
    }

    /// The key of a number.
    func key(_ number: Int) -> String {
        rules.keyTable.key(of: KeyID(number: UInt16(number)))
    }

    private static func kindKeys(_ kinds: [KindRow]) -> Set<String> {
        var keys: Set<String> = []
        for kind in kinds {
            keys.formUnion(kind.conditions.compactMap(\.key))
            if case .mapped(_, let key) = kind.decision { keys.insert(key) }
        }
        return keys
    }

    static func generalKeys(_ rules: RuleSet) -> Set<String> {
        var keys: Set<String> = []
        for row in rules.generalRows {
            if case .attribute(let key) = row.source.place { keys.insert(key) }
        }
        return keys
    }

    /// Keys whose presence alone may change which rows apply.
    private static func plannedKeys(
        _ rules: RuleSet, _ conditions: [Condition], _ kindKeys: Set<String>
    ) -> Set<String> {
        var keys = kindKeys.union(rules.sourceKeys)
        keys.formUnion(conditions.flatMap(\.keys))
        keys.formUnion(rules.evidence.byKeyAndValue.keys)
        return keys
    }
}

/// The numbers of keys that the engine itself reads.
struct KnownKeys: Sendable {
    let operation: Int
    let provider: Int
    let finishReasons: Int
    let choiceCount: Int
    let inputTokens: Int
    let cacheRead: Int
    let cacheWrite: Int
    let dialect: Int
    let derived: Int
    let loss: Int
    let dropped: Int

    init(_ keys: KeyTable) {
        func number(_ key: String) -> Int { Int(keys.id(of: key).number) }
        operation = number("gen_ai.operation.name")
        provider = number("gen_ai.provider.name")
        finishReasons = number("gen_ai.response.finish_reasons")
        choiceCount = number("gen_ai.request.choice.count")
        inputTokens = number("gen_ai.usage.input_tokens")
        cacheRead = number("gen_ai.usage.cache_read.input_tokens")
        cacheWrite = number("gen_ai.usage.cache_write.input_tokens")
        dialect = number(Provenance.dialect)
        derived = number(Provenance.derived)
        loss = number(Provenance.loss)
        dropped = number(Provenance.dropped)
    }
}

extension Condition {
    var isAboutName: Bool {
        switch self {
        case .nameIs, .nameHasPrefix: true
        default: false
        }
    }

    /// Whether a span of this name meets a condition on names.
    func holds(forName name: String) -> Bool {
        switch self {
        case .nameIs(let wanted, let expected): (name == wanted) == expected
        case .nameHasPrefix(let prefix, let expected): name.hasPrefix(prefix) == expected
        default: false
        }
    }
}
