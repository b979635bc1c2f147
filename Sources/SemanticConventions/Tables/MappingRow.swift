/// One row of a dialect or of the general renames.
struct MappingRow: Sendable {
    var source: RowSource
    var target: RowTarget
    var operations: [ValueOperation]
    var conditions: [Condition]
    /// Small ones come first.
    var priority: Int

    /// The value is only told as lost, or not at all.
    var isKept: Bool { operations.last == .keep || operations.last == .drop }
}

/// One operation decision of kinds.tsv.
struct KindRow: Sendable {
    enum Decision: Hashable, Sendable {
        case operation(String)
        case none
        case mapped(map: String, key: String)
    }

    var conditions: [Condition]
    var decision: Decision
    /// The row wins over an operation that the span names itself.
    var isOverride: Bool
}

/// How a dialect counts and what it is made of.
struct Dialect: Sendable {
    enum InputCount: String, Sendable {
        case inclusive = "yes"
        case exclusive = "no"
        case byProvider = "by_provider"
        /// As the provider's API counts: `usage_by_provider` says whether the cache is in it.
        case asSent = "as_sent"
    }

    var name: String
    var tier: Int
    var inputCount: InputCount
    /// Index in `RuleSet.files`.
    var file: Int
    var kinds: [KindRow] = []
}

/// The rows of one file, smallest priority first.
struct DialectFile: Sendable {
    var name: String
    var rows: [MappingRow]
}
