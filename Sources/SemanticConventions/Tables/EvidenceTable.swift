/// What tells dialects apart, ordered by where it is looked for.
struct EvidenceTable: Sendable {
    /// One row of detect.tsv.
    struct Item: Sendable {
        /// Index in `RuleSet.dialects`.
        var dialect: Int
        var weight: Int
    }

    /// All items; the tables below hold indices of it.
    var items: [Item] = []
    var byKey: [String: [Int]] = [:]
    var byKeyPrefix: [(prefix: String, item: Int)] = []
    var byKeyAndValue: [String: [(value: String, item: Int)]] = [:]
    var byEventName: [String: [Int]] = [:]
    var byEventPrefix: [(prefix: String, item: Int)] = []
    var bySpanNamePrefix: [(prefix: String, item: Int)] = []
    var byScope: [String: [Int]] = [:]
    var byScopePrefix: [(prefix: String, item: Int)] = []
    var byScopePattern: [(pattern: ScopePattern, item: Int)] = []
    var byResourceKey: [(key: String, value: String?, item: Int)] = []
    var bySchemaPrefix: [(prefix: String, item: Int)] = []
}

/// A regular expression of detect.tsv, kept as its text: `Regex` itself is not Sendable.
struct ScopePattern: Sendable {
    let text: String

    init?(_ text: String) {
        guard (try? Regex(text)) != nil else { return nil }
        self.text = text
    }

    func matches(_ name: String) -> Bool {
        guard let regex = try? Regex(text) else { return false }
        return name.firstMatch(of: regex) != nil
    }
}
