import OTLP

/// A row with everything worked out that does not depend on the span.
final class CompiledRow: Sendable {
    /// What becomes of a row that puts its value nowhere.
    enum Loss: Hashable, Sendable {
        /// The row puts its value somewhere.
        case none
        case silent
        /// The loss list names the source.
        case told
    }

    /// The row's place among all rows.
    let number: Int
    /// Its file, and its place there.
    let use: RuleSet.PatternUse
    let mapping: MappingRow
    let conditions: [OpenCondition]
    /// The number of the literal key that the row writes; 0 where its target is something else.
    let slot: Int
    /// The type of the attribute that the row writes, if it writes one.
    let type: ValueType?
    let isSum: Bool
    let loss: Loss
    /// What the loss list says of a literal source.
    let lossText: String
    /// The row reads the key that it writes.
    let isSelf: Bool
    /// The row reads a whole document: text that begins as one and is none was cut off.
    let readsDocument: Bool
    /// The result depends on the value alone.
    let isPure: Bool
    let document: Document?
    let role: String

    init(
        _ mapping: MappingRow, number: Int, use: RuleSet.PatternUse, keys: KeyTable,
        kindKeys: Set<String>, paths: [JSONPath: Int]
    ) {
        conditions = mapping.conditions.map {
            OpenCondition($0, keys, paths: paths, source: mapping.source)
        }
        self.number = number
        self.use = use
        self.mapping = mapping
        var slot = 0
        var type: ValueType?
        var document: Document?
        var target: String?
        switch mapping.target {
        case .nowhere: break
        case .attribute(let name, let known):
            slot = Int(keys.id(of: name).number)
            type = known
            target = name
        case .named(_, _, _, let known): type = known
        case .document(let known, _): document = known
        }
        self.slot = slot
        self.type = type
        self.document = document
        role = document == .output ? "assistant" : "user"
        isSum = mapping.operations.last == .add
        if mapping.isKept || mapping.target == .nowhere {
            let isTold = mapping.operations.last != .drop && mapping.target == .nowhere
            loss = isTold && !kindKeys.contains(mapping.source.name) ? .told : .silent
        } else {
            loss = .none
        }
        lossText = "no_field:\(mapping.source.name)"
        if case .attribute(let key) = mapping.source.place {
            isSelf = key == target
        } else {
            isSelf = false
        }
        isPure = !mapping.operations.contains(.secondsSinceStart)
        readsDocument =
            switch mapping.operations.last {
            case .messages(let format), .tools(let format), .documents(let format): format != .text
            case .parts(let format):
                format != .text && mapping.target == .document(.system, .whole)
            default: false
            }
    }

    /// The value goes over as it is where it is text: none is made of it.
    func takesVerbatim(_ value: FlatValue) -> Bool {
        guard mapping.operations.count == 1, let type else { return false }
        let isText = if case .string = value { true } else { false }
        switch mapping.operations[0] {
        case .copy: return type == .any || (isText && (type == .string || type == .document))
        case .string: return isText && (type == .string || type == .any)
        case .json: return isText && type == .document
        default: return false
        }
    }
}
