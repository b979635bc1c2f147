/// How often a place that was chosen so is the right one, as measured on generated runs; `make
/// evaluate` prints how true that is.
enum Confidence {
    /// One part was weighed by itself, and its best host led by so much.
    static func weighed(lead: Double) -> Double { sure(1.8 * lead - 1) }

    /// Parts that compete were solved together: another solution is worse by so much.
    static func assigned(lead: Double) -> Double { sure(4 * lead - 0.3) }

    /// Below what the candidates share, since nothing tells them apart: seldom the nearest ancestor,
    /// hardly ever none.
    static let draw = 0.05
    /// As above, where what they share was a candidate itself.
    static let drawWithShared = 0.3
    /// As above, for what lost its parent within its trace: often one that the candidates have in
    /// common.
    static let drawInTrace = 0.75
    /// The only candidate for a root, though little speaks for it.
    static let only = 0.9
    /// The only candidate for what lost its parent, though little speaks for it.
    static let onlyInTrace = 0.45
    /// Below a span of another process, by the times alone.
    static let otherProcess = 0.1
    /// By descending weight, where too many parts compete to be solved together.
    static let byWeight = 0.6
    /// A model call below the agent around it, where no library tells its scope.
    static let untoldScope = 0.75
    /// Orphans that nothing holds, below the root of their trace.
    static let traceRoot = 0.8
    /// Below the span of another trace that the parent's id names.
    static let otherTrace = 0.97
    /// A root that links to a span, below it.
    static let linked = 0.9
    /// A span that stays a root, since nothing was open around it.
    static let root = 0.9
    /// A span that named itself and stays a root.
    static let selfParent = 0.6

    private static func sure(_ odds: Double) -> Double {
        let share = 1 / (1 + Evidence.exponential(-odds))
        return (min(0.97, max(0.5, share)) * 100).rounded() / 100
    }
}
