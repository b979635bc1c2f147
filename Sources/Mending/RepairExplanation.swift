import HierarchyRepair
public import OTLP

/// Why a span stands where it stands.
public struct RepairExplanation: Sendable {
    /// A span below which the explained one may hang.
    public struct Candidate: Sendable {
        /// As reported.
        public var key: SpanKey
        public var name: String
        /// The sum of the evidence, in natural logarithms of odds.
        public var weight: Double
        /// What counts for and against it, in words.
        public var evidence: [(text: String, weight: Double)]
        public var isChosen: Bool
    }

    public var name: String
    public var reportedParent: SpanID
    /// The reported id of the parent that it has now; of a placeholder, its own. Nil for a root.
    public var parent: SpanKey?
    public var parentName: String
    public var isBelowPlaceholder: Bool
    /// The step that placed it; nil where its reported parent stands.
    public var repair: MendedSpan.Repair?
    /// The weightiest first; empty where there was nothing to choose.
    public var candidates: [Candidate]

    init?(of span: SpanKey, in tree: RepairedTree, _ batch: TraceBatch) {
        guard
            let node = tree.nodes.first(where: { node in
                node.source.map { batch.spans[$0].key == span } ?? false
            }), let source = node.source
        else { return nil }
        var names: [SpanKey: String] = [:]
        for record in batch.spans { names[record.key] = batch.string(record.name) }
        name = batch.string(batch.spans[source].name)
        reportedParent = batch.spans[source].parentSpanID
        repair = node.repair.map(MendedSpan.Repair.init)
        let above = node.parent.map { tree.nodes[$0] }
        isBelowPlaceholder = above.map { $0.source == nil } ?? false
        parent = above.map { above in above.source.map { batch.spans[$0].key } ?? above.key }
        parentName = parent.flatMap { names[$0] } ?? ""
        candidates = tree.explanation.map { candidate in
            Candidate(
                key: candidate.key, name: names[candidate.key] ?? "", weight: candidate.weight,
                evidence: candidate.evidence, isChosen: candidate.isChosen)
        }
    }
}
