import Synchronization

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

/// A regular expression of detect.tsv, and what it said about the names that it was asked about.
///
/// A program has few scopes, and each run asks about them again.
final class ScopePattern: Sendable {
    private struct State {
        var regex: Regex<AnyRegexOutput>
        var answers: [String: Bool] = [:]
    }

    private static let rememberedAnswers = 1024

    private let state: Mutex<State>

    init?(_ text: String) {
        guard let regex = try? Regex(text) else { return nil }
        state = Mutex(State(regex: regex))
    }

    func matches(_ name: String) -> Bool {
        state.withLock { state in
            if let known = state.answers[name] { return known }
            let answer = name.firstMatch(of: state.regex) != nil
            if state.answers.count >= Self.rememberedAnswers { state.answers.removeAll() }
            state.answers[name] = answer
            return answer
        }
    }
}
