import OTLP

/// What rows make of short texts and lists: providers, models, roles and finish reasons repeat from
/// span to span, and each is worked out once.
struct ValueMemo: Sendable {
    /// What a row makes of a value.
    enum Outcome: Sendable {
        case nothing
        /// The row reads the key that it writes, and the value is right as it is.
        case same
        case made(JSONValue)
    }

    /// A text that was looked for; nil where there is none.
    struct FoundText: Sendable {
        var text: String?
    }

    private static let longest: UInt32 = 64
    /// Documents that are read for their parts, such as the parameters of a call.
    private static let longestDocument: UInt32 = 256

    let rules: CompiledRules
    private var texts = ByteDirectory()
    private var lists = ByteDirectory()
    /// The text that was asked for last: many rows read parts of one document.
    private var last = (slice: Slice.empty, number: -1)
    private var outcomes = NumberTable<Outcome>()
    private var operations = NumberTable<FoundText>()
    private var parts = NumberTable<FoundText>()

    init(rules: CompiledRules) {
        self.rules = rules
    }

    var isFull: Bool { texts.count + lists.count > 4096 || outcomes.count + parts.count > 16384 }

    /// Begins with another batch.
    mutating func begin() { last.number = -1 }

    /// What the operations of a row make of an attribute's value.
    mutating func outcome(
        _ row: CompiledRow, _ value: FlatValue, in batch: TraceBatch
    ) -> Outcome? {
        guard row.isPure else { return nil }
        let number: Int
        let isPart = row.mapping.source.path != nil
        switch value {
        case .string(let slice)
        where slice.length <= (isPart ? Self.longestDocument : Self.longest):
            number = place(of: slice, in: batch) << 1
        case .array(let slice) where slice.length <= Self.longest:
            number = lists.number(of: slice, in: batch.bytes) << 1 | 1
        default: return nil
        }
        let key = UInt64(row.number) << 32 | UInt64(number)
        if let known = outcomes[key] { return known }
        let found =
            isPart ? part(row, batch.anyValue(value)) : make(row, batch.anyValue(value))
        outcomes[key] = found
        return found
    }

    /// The text at a path of the document in a slice, which may have none; nil where the document is
    /// too long to be remembered.
    ///
    /// - Parameter number: the path's.
    mutating func text(
        _ slice: Slice, at path: JSONPath, _ number: Int, in batch: TraceBatch
    ) -> FoundText? {
        guard number > 0, slice.length <= Self.longestDocument else { return nil }
        let key = UInt64(number) << 32 | UInt64(place(of: slice, in: batch))
        if let known = parts[key] { return known }
        let document = JSONValue(contentOf: batch.string(slice))
        let found = FoundText(text: document.flatMap { path.value(in: $0)?.asText })
        parts[key] = found
        return found
    }

    private mutating func place(of slice: Slice, in batch: TraceBatch) -> Int {
        if last.slice != slice || last.number < 0 {
            last = (slice, texts.number(of: slice, in: batch.bytes))
        }
        return last.number
    }

    private func part(_ row: CompiledRow, _ value: AnyValue) -> Outcome {
        guard let path = row.mapping.source.path, let text = value.stringValue,
            let document = JSONValue(contentOf: text), let part = path.value(in: document),
            let result = rules.pipeline.apply(row.mapping.operations, to: part, role: row.role)
        else { return .nothing }
        return .made(result)
    }

    private func make(_ row: CompiledRow, _ value: AnyValue) -> Outcome {
        let given = JSONValue(value)
        guard given != .null,
            let result = rules.pipeline.apply(row.mapping.operations, to: given, role: row.role)
        else { return .nothing }
        if row.isSelf, let type = row.type, type != .document, !result.isBlank,
            type.attributeValue(of: result) == value
        {
            return .same
        }
        return .made(result)
    }

    /// What a map makes of a text at a position, read as `SpanView.text(at:in:)` does.
    mutating func mapped(_ slice: Slice, by map: String, in batch: TraceBatch) -> String? {
        let slice = SpanView.unquoted(slice, in: batch)
        guard map == "op", slice.length <= Self.longest else {
            return rules.rules.maps[map]?.apply(batch.string(slice))
        }
        let key = UInt64(texts.number(of: slice, in: batch.bytes))
        if let known = operations[key] { return known.text }
        let found = FoundText(text: rules.rules.maps[map]?.apply(batch.string(slice)))
        operations[key] = found
        return found.text
    }
}
