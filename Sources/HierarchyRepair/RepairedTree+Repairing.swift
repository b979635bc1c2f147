public import OTLP

extension RepairedTree {
    /// Repairs the tree of one run.
    ///
    /// Total, deterministic, and independent of the order of `spans`. The identity of the run
    /// seeds the ids that are made up: two runs never share one.
    ///
    /// Each step relies on the ones before it:
    /// 1. copies go first, so that a key names one span;
    /// 2. then reported parents are found, and what was pinned takes its place;
    /// 3. cycles are cut, so that the later steps walk trees;
    /// 4. orphans get a parent inside their trace, where the evidence is strongest;
    /// 5. then whole traces are joined, since their roots are known only now;
    /// 6. model calls move deeper inside trees that are whole;
    /// 7. twins are told apart by depth, so they come after every move;
    /// 8. ids are made one trace's, and the order is settled.
    /// - Complexity: O(n log n), no recursion.
    /// - Parameter absentPins: pins, by reported key, of which no span is in `spans`.
    public init(
        repairing spans: [RepairSpan], identity: StableHash,
        absentPins: [SpanKey: RepairPin] = [:]
    ) {
        var forest = RepairForest(spans, identity: identity, absentPins: absentPins)
        forest.dropDuplicates()
        forest.resolveParents()
        forest.placePinned()
        forest.cutCycles()
        forest.adoptOrphans()
        forest.joinTraces()
        forest.nestModelCalls()
        forest.markTwins()
        self = forest.unifyTraces()
    }
}
