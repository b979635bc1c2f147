/// Finds the fields that the schema does not name by what they belong to.
struct UnknownFieldIndex {
    private let fields: [UnknownField.Owner: [Slice]]
    let isEmpty: Bool

    init(_ unknown: [UnknownField]) {
        isEmpty = unknown.isEmpty
        fields = Dictionary(grouping: unknown, by: \.owner).mapValues { $0.map(\.field) }
    }

    /// In the order in which they came.
    subscript(owner: UnknownField.Owner) -> [Slice] { fields[owner] ?? [] }
}
