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
    /// 4. twins are nested, so that two spans of one call are placed as one;
    /// 5. what came loose is placed, the surest evidence first: a link; a request that client and
    ///    server both tell; the step that started a process; the times of all others, which are
    ///    told best when those before have their places;
    /// 6. model calls move deeper inside trees that are whole;
    /// 7. twins are told apart by depth, so they come after every move;
    /// 8. ids are made one trace's, and the order is settled.
    /// - Complexity: O(n log n), no recursion.
    /// - Parameters:
    ///   - absentPins: pins, by reported key, of which no span is in `spans`.
    ///   - minimumConfidence: 0…1; what is less sure stays as it was reported, orphans and roots as
    ///     roots.
    ///   - explained: the reported key of the span whose candidates are wanted.
    ///   - texts: hashes of the ids, messages and results that a span tells, by its index in
    ///     `spans`; asked for only where times leave a choice.
    public init(
        repairing spans: [RepairSpan], identity: StableHash,
        absentPins: [SpanKey: RepairPin] = [:], minimumConfidence: Double = 0,
        explaining explained: SpanKey? = nil,
        texts: (Int) -> [UInt64] = { _ in [] }
    ) {
        self = withoutActuallyEscaping(texts) { texts in
            var forest = RepairForest(
                spans, identity: identity, absentPins: absentPins, texts: texts)
            forest.dropDuplicates()
            forest.resolveParents()
            forest.placePinned()
            forest.cutCycles()
            forest.nestTwins(minimumConfidence)
            if let explained {
                forest.explaining = forest.spans.firstIndex { $0.key == explained }
            }
            var explanation = forest.placeLooseParts(minimumConfidence)
            explanation += forest.nestModelCalls(minimumConfidence)
            forest.markTwins()
            var tree = forest.unifyTraces()
            tree.explanation = explanation
            return tree
        }
    }
}
