import OTLP

/// One span's attributes, found by the rules' key numbers in constant time.
struct SpanView: Sendable {
    struct Match: Sendable {
        var row: Int
        var captures: KeyPattern.Captures
        /// Index in the batch's attributes.
        var position: Int
    }

    /// Index in the batch's spans.
    private(set) var span = 0
    private(set) var name = ""
    private(set) var kind: Int32 = 0
    private(set) var startTime: UInt64 = 0
    private(set) var endTime: UInt64 = 0
    private(set) var scopeName = ""
    private(set) var isGenAI = false
    private(set) var isGeneral = false
    private(set) var isConventional = false
    /// Evidence that keys gave, each item once.
    private(set) var evidence: [Int] = []
    /// Pattern rows that keys match, by file.
    private(set) var matches: [Int: [Match]] = [:]
    private(set) var matchedUses: Set<RuleSet.PatternUse> = []
    /// Positions of keys that only patterns know.
    private var patternPositions: [String: Int] = [:]
    /// Positions by key number; -1 where the span has no such key.
    private var positions: [Int32]
    private(set) var touched: [KeyID] = []
    private var evidenceSeen: [Bool]
    private var documents: [Int: JSONValue?] = [:]

    init(rules: RuleSet) {
        positions = Array(repeating: -1, count: rules.keyTable.count + 1)
        evidenceSeen = Array(repeating: false, count: rules.evidence.items.count)
    }

    /// Looks at another span.
    mutating func load(
        _ index: Int, of batch: TraceBatch, scopeName: String, _ keys: inout KeyIndex
    ) {
        for id in touched { positions[Int(id.number)] = -1 }
        for item in evidence { evidenceSeen[item] = false }
        touched.removeAll(keepingCapacity: true)
        evidence.removeAll(keepingCapacity: true)
        if !matches.isEmpty {
            matches.removeAll(keepingCapacity: true)
            patternPositions.removeAll(keepingCapacity: true)
            matchedUses.removeAll(keepingCapacity: true)
        }
        if !documents.isEmpty { documents.removeAll(keepingCapacity: true) }
        isGenAI = false
        isGeneral = false
        isConventional = false
        let record = batch.spans[index]
        span = index
        name = batch.string(record.name)
        kind = record.kind
        startTime = record.startTimeUnixNano
        endTime = record.endTimeUnixNano
        self.scopeName = scopeName
        for position in record.attributes.indices {
            let number = keys.number(of: batch.attributes[position], in: batch)
            add(keys[number], at: position)
        }
    }

    private mutating func add(_ facts: KeyIndex.Facts, at position: Int) {
        if facts.id != .unknown {
            if positions[Int(facts.id.number)] < 0 { touched.append(facts.id) }
            positions[Int(facts.id.number)] = Int32(position)
        } else if !facts.matches.isEmpty {
            patternPositions[facts.key] = position
        }
        for item in facts.evidence where !evidenceSeen[item] {
            evidenceSeen[item] = true
            evidence.append(item)
        }
        for match in facts.matches {
            matchedUses.insert(match.use)
            matches[match.use.file, default: []].append(
                Match(row: match.use.row, captures: match.captures, position: position))
        }
        isGenAI = isGenAI || facts.isGenAI
        isGeneral = isGeneral || facts.isGeneral
        isConventional = isConventional || facts.isConventional
    }

    /// Where the attribute with this key lies; where a key repeats, the last one.
    func position(of id: KeyID) -> Int? {
        let position = positions[Int(id.number)]
        return position < 0 ? nil : Int(position)
    }

    /// Where the attribute with a key lies that only patterns know.
    func position(ofPatternKey key: String) -> Int? { patternPositions[key] }

    /// The value at a position.
    func value(at position: Int, in batch: TraceBatch) -> JSONValue {
        JSONValue(batch.anyValue(of: batch.attributes[position]))
    }

    /// The document that the text at a position holds; read once.
    mutating func document(at position: Int, in batch: TraceBatch) -> JSONValue? {
        if let known = documents[position] { return known }
        let value = value(at: position, in: batch)
        var document: JSONValue?
        if case .string(let text) = value {
            document = JSONValue(contentOf: text)
        } else {
            document = value
        }
        documents[position] = .some(document)
        return document
    }

    /// The text of a scalar, without the quotation marks that some libraries put around it.
    func text(at position: Int, in batch: TraceBatch) -> String? {
        switch batch.attributes[position].value {
        case .string(let slice):
            let text = batch.string(slice)
            if text.utf8.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") {
                return String(text.dropFirst().dropLast())
            }
            return text
        case .int(let number): return String(number)
        case .bool(let flag): return flag ? "true" : "false"
        case .double(let number): return String(number)
        case .empty, .array, .keyValueList, .bytes: return nil
        }
    }
}
