/// What is wrong with tables: all of it, not only what comes first.
struct RuleProblems {
    private(set) var found: [RuleError] = []

    mutating func add(_ error: RuleError) { found.append(error) }

    /// What the closure returns; nil where it throws, which is noted.
    @discardableResult
    mutating func attempt<Result>(_ read: () throws(RuleError) -> Result) -> Result? {
        do throws(RuleError) {
            return try read()
        } catch {
            found.append(error)
            return nil
        }
    }
}
