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

    private static let longest: UInt32 = 64
    /// Documents that are read for their parts, such as the parameters of a call.
    private static let longestDocument: UInt32 = 256

    let rules: CompiledRules
    private var texts = ByteDirectory()
    private var lists = ByteDirectory()
    private var outcomes: [UInt64: Outcome] = [:]
    private var operations: [UInt64: String?] = [:]

    init(rules: CompiledRules) {
        self.rules = rules
    }

    var isFull: Bool { texts.count + lists.count > 4096 || outcomes.count > 16384 }

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
            number = texts.number(of: slice, in: batch.bytes) << 1
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
        guard let values = rules.rules.maps[map] else { return nil }
        guard map == "op", slice.length <= Self.longest else {
            return values.apply(batch.string(slice))
        }
        let key = UInt64(texts.number(of: slice, in: batch.bytes))
        if let known = operations[key] { return known }
        let found = values.apply(batch.string(slice))
        operations[key] = .some(found)
        return found
    }
}
