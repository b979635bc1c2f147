import OTLP

/// One span's attributes, found by the rules' key numbers in constant time.
///
/// Classes count on from the literal keys: keys of patterns that the same rows read, names and
/// scopes that the same rules tell apart. So spans of one program are few sets of classes, whatever
/// the number of their messages, and what is worked out for a set once holds for all of them.
struct SpanView: Sendable {
    /// An attribute whose key patterns match.
    struct Matched: Sendable {
        var position: Int32
        /// What the directory calls the key; negative for the literal key of that number.
        var key: Int32
        /// The next one of the same class; -1 at the end.
        var next: Int32
    }

    let rules: CompiledRules
    /// Index in the batch's spans.
    private(set) var span = 0
    private(set) var record = SpanRecord(scope: 0)
    private(set) var flags: KeyClass.Flags = []
    /// Positions by class; -1 where the span has no such key. Where a key repeats, the last one.
    private var positions: [Int32]
    /// Classes that the span has.
    private(set) var touched: [Int32] = []
    /// Those of them that a plan depends on.
    private(set) var planned: [Int32] = []
    private(set) var matched: [Matched] = []
    /// GenAI attributes that may be of another type than theirs.
    private(set) var mistyped: [Int] = []
    private var firstMatched: [Int32]
    private var lastMatched: [Int32]
    private(set) var scopeClass: Int32 = 0
    private(set) var nameClass: Int32 = 0
    private(set) var eventClasses: [Int32] = []
    private var documents: [Int: JSONValue?] = [:]

    private(set) var classes: [KeyClass]
    private var classFlags: [KeyClass.Flags]
    private var classNumbers: [KeyClass: Int32] = [:]
    private let literals: Int
    private let literalMatches: [Int: KeyMatches]

    private var directory = ByteDirectory()
    private var directoryClasses: [Int32] = []
    private var directoryMatches: [KeyMatches] = []
    private var names = ByteDirectory()
    private var nameClasses: [Int32] = []
    private var eventNames = ByteDirectory()
    private var eventNameClasses: [Int32] = []

    // Of the batch at hand.
    /// By the number of the batch's key table; -1 where it was not looked up yet.
    private var classesOfIDs: [Int32] = []
    private var scopeClasses: [Int32] = []

    init(rules: CompiledRules) {
        self.rules = rules
        classes = rules.keys
        literals = rules.keys.count
        classFlags = classes.map(\.flags)
        positions = Array(repeating: -1, count: classes.count)
        firstMatched = positions
        lastMatched = positions
        var matches: [Int: KeyMatches] = [:]
        for (number, key) in classes.enumerated() where !key.uses.isEmpty {
            let text = rules.rules.keyTable.key(of: KeyID(number: UInt16(number)))
            matches[number] = KeyMatches(text, rules.rules)
        }
        literalMatches = matches
    }

    /// What was remembered of earlier batches has grown beyond what is worth keeping.
    var isFull: Bool {
        directory.count > 4096 || names.count > 4096 || eventNames.count > 4096
            || directory.byteCount + names.byteCount + eventNames.byteCount > 1 << 20
            || classes.count > literals + 4096
    }

    /// Begins with another batch.
    mutating func begin(_ batch: TraceBatch) {
        classesOfIDs.removeAll(keepingCapacity: true)
        classesOfIDs.append(contentsOf: repeatElement(-1, count: batch.keys.count + 1))
        scopeClasses.removeAll(keepingCapacity: true)
        for scope in batch.scopes {
            scopeClasses.append(number(of: ScopeEvidence.look(at: scope, in: batch, rules.rules)))
        }
    }

    /// Looks at another span.
    mutating func load(_ index: Int, of batch: TraceBatch) {
        forget()
        record = batch.spans[index]
        span = index
        scopeClass = scopeClasses[Int(record.scope)]
        nameClass = self.nameClass(of: record.name, in: batch)
        flags = classFlags[Int(scopeClass)].union(classFlags[Int(nameClass)])
        for position in record.attributes.indices {
            let attribute = batch.attributes[position]
            let id = Int(attribute.keyID.number)
            var key: Int32 = 0
            var number: Int32 = -1
            if id > 0, id < classesOfIDs.count { number = classesOfIDs[id] }
            if number < 0 { number = look(up: attribute, in: batch, &key) }
            guard number > 0 else { continue }
            add(number, key, at: position)
            if classFlags[Int(number)].contains(.typed), let type = rules.coerced[Int(number)],
                !type.isScalarType(of: attribute.value)
            {
                mistyped.append(Int(number))
            }
        }
        if !record.events.isEmpty { addEvents(in: batch) }
    }

    private mutating func forget() {
        for number in touched {
            positions[Int(number)] = -1
            firstMatched[Int(number)] = -1
        }
        touched.removeAll(keepingCapacity: true)
        planned.removeAll(keepingCapacity: true)
        if !matched.isEmpty { matched.removeAll(keepingCapacity: true) }
        if !mistyped.isEmpty { mistyped.removeAll(keepingCapacity: true) }
        if !eventClasses.isEmpty { eventClasses.removeAll(keepingCapacity: true) }
        if !documents.isEmpty { documents.removeAll(keepingCapacity: true) }
    }

    @inline(__always)
    private mutating func add(_ number: Int32, _ key: Int32, at position: Int) {
        let place = Int(number)
        let found = classFlags[place]
        flags.formUnion(found)
        if positions[place] < 0 {
            touched.append(number)
            if found.contains(.planned) { planned.append(number) }
        }
        positions[place] = Int32(position)
        if found.contains(.planned), !classes[place].uses.isEmpty {
            addMatched(number, key, at: position)
        }
    }

    private mutating func addMatched(_ number: Int32, _ key: Int32, at position: Int) {
        let key = place(number) ? -number : key
        let index = Int32(matched.count)
        matched.append(Matched(position: Int32(position), key: key, next: -1))
        if firstMatched[Int(number)] < 0 {
            firstMatched[Int(number)] = index
        } else {
            matched[Int(lastMatched[Int(number)])].next = index
        }
        lastMatched[Int(number)] = index
    }

    /// The class is a literal key.
    private func place(_ number: Int32) -> Bool { Int(number) < literals }

    /// The class of a key that the batch's numbers do not tell.
    private mutating func look(
        up attribute: Attribute, in batch: TraceBatch, _ key: inout Int32
    ) -> Int32 {
        let number = directory.number(of: attribute.key, in: batch.bytes)
        key = Int32(number)
        if number == directoryClasses.count {
            let text = batch.key(of: attribute)
            let id = rules.rules.keyTable.id(of: text)
            if id != .unknown {
                directoryClasses.append(Int32(id.number))
                directoryMatches.append(KeyMatches("", rules.rules))
            } else {
                let matches = KeyMatches(text, rules.rules)
                let found = KeyClass(text, matches, rules.rules, isSource: false)
                directoryClasses.append(found == KeyClass() ? 0 : self.number(of: found))
                directoryMatches.append(matches)
            }
        }
        let found = directoryClasses[number]
        let id = Int(attribute.keyID.number)
        // Keys of patterns differ in what their places hold.
        if id > 0, id < classesOfIDs.count, Int(found) < literals { classesOfIDs[id] = found }
        return found
    }

    private mutating func nameClass(of name: Slice, in batch: TraceBatch) -> Int32 {
        let number = names.number(of: name, in: batch.bytes)
        if number == nameClasses.count {
            let text = batch.string(name)
            var found = KeyClass()
            for (prefix, item) in rules.rules.evidence.bySpanNamePrefix where text.hasPrefix(prefix)
            {
                found.evidence.append(item)
            }
            if !found.evidence.isEmpty { found.flags = .evidence }
            found.conditions = rules.nameConditions.map { $0.holds(forName: text) }
            nameClasses.append(self.number(of: found))
        }
        return nameClasses[number]
    }

    private mutating func addEvents(in batch: TraceBatch) {
        for event in batch.events[record.events.indices] {
            let number = eventNames.number(of: event.name, in: batch.bytes)
            if number == eventNameClasses.count {
                eventNameClasses.append(eventClass(of: batch.string(event.name)))
            }
            let found = eventNameClasses[number]
            guard found > 0 else { continue }
            flags.formUnion(classFlags[Int(found)])
            guard positions[Int(found)] < 0 else { continue }
            positions[Int(found)] = 0
            touched.append(found)
            planned.append(found)
            eventClasses.append(found)
        }
    }

    private mutating func eventClass(of name: String) -> Int32 {
        var found = KeyClass()
        let evidence = rules.rules.evidence
        found.evidence = evidence.byEventName[name] ?? []
        for (prefix, item) in evidence.byEventPrefix where name.hasPrefix(prefix) {
            found.evidence.append(item)
        }
        if !found.evidence.isEmpty { found.flags.insert(.evidence) }
        if rules.eventSources.contains(name) { found.flags.insert(.event) }
        guard !found.flags.isEmpty else { return 0 }
        found.text = "@event:\(name)"
        return number(of: found)
    }

    private mutating func number(of found: KeyClass) -> Int32 {
        if let number = classNumbers[found] { return number }
        let number = Int32(classes.count)
        classes.append(found)
        classFlags.append(found.flags)
        positions.append(-1)
        firstMatched.append(-1)
        lastMatched.append(-1)
        classNumbers[found] = number
        return number
    }
}

extension SpanView {
    /// Where the attribute with this key lies.
    func position(of id: KeyID) -> Int? { position(of: Int(id.number)) }

    func position(of number: Int) -> Int? {
        let position = positions[number]
        return position < 0 || number == 0 ? nil : Int(position)
    }

    func has(_ number: Int32) -> Bool { positions[Int(number)] >= 0 }

    /// The classes of the span are those of a plan.
    func has(all planned: [Int32]) -> Bool {
        guard planned.count == self.planned.count else { return false }
        for number in planned where positions[Int(number)] < 0 { return false }
        return true
    }

    /// The attributes of a class that the pattern of a row matches, with what its places hold.
    func matches(
        of number: Int32, _ use: RuleSet.PatternUse,
        _ found: (Int, KeyPattern.Captures) -> Void
    ) {
        guard let place = classes[Int(number)].uses.firstIndex(of: use) else { return }
        var index = firstMatched[Int(number)]
        while index >= 0 {
            let match = matched[Int(index)]
            let matches =
                match.key < 0
                ? literalMatches[Int(-match.key)] : directoryMatches[Int(match.key)]
            if let matches { found(Int(match.position), matches.uses[place].captures) }
            index = match.next
        }
    }

    /// Positions of the attributes whose keys only patterns know, by key; the last one where a key
    /// repeats.
    func patternPositions(in batch: TraceBatch) -> [String: Int] {
        var positions: [String: Int] = [:]
        for match in matched where match.key >= 0 {
            positions[batch.key(of: batch.attributes[Int(match.position)])] = Int(match.position)
        }
        return positions
    }

    var scopeName: String { classes[Int(scopeClass)].text }

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
        case .string(let slice): return batch.string(Self.unquoted(slice, in: batch))
        case .int(let number): return String(number)
        case .bool(let flag): return flag ? "true" : "false"
        case .double(let number): return String(number)
        case .empty, .array, .keyValueList, .bytes: return nil
        }
    }

    /// The text at a position is the given one, compared as `text(at:in:)` reads it.
    func text(at position: Int, in batch: TraceBatch, equals wanted: String) -> Bool {
        guard case .string(let slice) = batch.attributes[position].value else {
            return text(at: position, in: batch) == wanted
        }
        return Self.isEqual(Self.unquoted(slice, in: batch), wanted, in: batch)
    }

    /// The text at a position begins with the given one.
    func text(at position: Int, in batch: TraceBatch, hasPrefix wanted: String) -> Bool {
        guard case .string(let slice) = batch.attributes[position].value else {
            return text(at: position, in: batch)?.hasPrefix(wanted) ?? false
        }
        let text = Self.unquoted(slice, in: batch)
        let length = UInt32(wanted.utf8.count)
        guard text.length >= length else { return false }
        return Self.isEqual(Slice(offset: text.offset, length: length), wanted, in: batch)
    }

    /// What stands at a position has no text: it is no scalar.
    func isUntold(at position: Int, in batch: TraceBatch) -> Bool {
        switch batch.attributes[position].value {
        case .empty, .array, .keyValueList, .bytes: true
        case .string, .int, .bool, .double: false
        }
    }

    static func isEqual(_ slice: Slice, _ text: String, in batch: TraceBatch) -> Bool {
        guard Int(slice.length) == text.utf8.count else { return false }
        var place = Int(slice.offset)
        for byte in text.utf8 {
            if batch.bytes[place] != byte { return false }
            place += 1
        }
        return true
    }

    static func unquoted(_ slice: Slice, in batch: TraceBatch) -> Slice {
        guard slice.length >= 2, batch.bytes[Int(slice.offset)] == UInt8(ascii: "\""),
            batch.bytes[slice.bounds.upperBound - 1] == UInt8(ascii: "\"")
        else { return slice }
        return Slice(offset: slice.offset + 1, length: slice.length - 2)
    }

    /// The text at a position is empty, or there is no value.
    func isBlank(at position: Int, in batch: TraceBatch) -> Bool {
        switch batch.attributes[position].value {
        case .string(let slice): slice.isEmpty
        case .empty: true
        default: false
        }
    }
}
