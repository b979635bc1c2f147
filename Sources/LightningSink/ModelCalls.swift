import Mending
import OTLP
import SemanticConventions

/// Which spans of a run are the calls that a trainer learns from, and which others tell of them.
///
/// A call counts once: not where another span tells it too, not where it only sums up the calls
/// below it, and not where it failed before the model said anything.
struct ModelCalls {
    let facts: [SpanFacts]
    let tree: RunTree
    private let isCall: [Bool]
    private let witnesses: [Int: [Int]]
    /// Of spans that are too deep, the deepest ancestor that is not.
    private let reach: [Int: Int]

    init(_ run: MendedRun) {
        let batch = run.batch
        let facts = batch.spans.indices.map { SpanFacts(of: $0, in: batch) }
        let tree = RunTree(run)
        let tellingScopes = Set(
            batch.spans.indices.lazy.filter { facts[$0].isModelCall && facts[$0].tellsAnswer }
                .map { batch.string(batch.scope(of: batch.spans[$0]).name) })
        var isCall = batch.spans.indices.map { place in
            let span = batch.spans[place]
            guard facts[place].isModelCall, run.spans[place].duplicateOf == nil,
                !run.spans[place].isPlaceholder
            else { return false }
            if span.statusCode == Self.errorStatus { return facts[place].hasOutputMessages }
            // A library that tells answers at all makes such spans also of what is no call.
            return facts[place].tellsAnswer
                || !tellingScopes.contains(batch.string(batch.scope(of: span).name))
        }
        var holdsCall = [Bool](repeating: false, count: isCall.count)
        for place in tree.preorder.reversed() {
            if holdsCall[place], facts[place].responseID == nil { isCall[place] = false }
            if let parent = tree.parent(of: place), isCall[place] || holdsCall[place] {
                holdsCall[parent] = true
            }
        }
        self.facts = facts
        self.tree = tree
        self.isCall = isCall
        reach = Self.reach(in: tree)
        witnesses = Self.witnesses(of: run, facts, tree)
    }

    func isCall(_ place: Int) -> Bool { isCall[place] }

    /// Places of the spans that tell of the same call: duplicates, and the raw request below it.
    func witnesses(of place: Int) -> [Int] { witnesses[place] ?? [] }

    /// Whether another call encloses the call: there the adapters skip calls without response id.
    func isBelowCall(_ place: Int) -> Bool {
        ancestors(of: place).contains { isCall[$0] }
    }

    /// Whether an agent that has a name encloses the span.
    func isBelowNamedAgent(_ place: Int) -> Bool {
        ancestors(of: place).contains { isNamedAgent($0) }
    }

    func isNamedAgent(_ place: Int) -> Bool {
        facts[place].operation == "invoke_agent" && facts[place].agentName != nil
    }

    /// The span that a span too deep for the adapters hangs below instead: they walk the tree
    /// recursively, and Python ends that at a thousand. Nil where the span is not too deep.
    func parentWithinReach(of place: Int, in run: MendedRun) -> SpanID? {
        reach[place].map { run.batch.spans[$0].spanID }
    }

    private static func reach(in tree: RunTree) -> [Int: Int] {
        var reach: [Int: Int] = [:]
        for place in tree.preorder where tree.depth(of: place) > deepest {
            guard let parent = tree.parent(of: place) else { continue }
            reach[place] = reach[parent] ?? parent
        }
        return reach
    }

    /// Half of what Python allows: the caller's own frames count too.
    private static let deepest = 500

    private func ancestors(of place: Int) -> some Sequence<Int> {
        sequence(state: place) { [tree] place in
            guard let parent = tree.parent(of: place) else { return nil }
            place = parent
            return parent
        }
    }

    private static func witnesses(
        of run: MendedRun, _ facts: [SpanFacts], _ tree: RunTree
    ) -> [Int: [Int]] {
        var places: [SpanID: Int] = [:]
        for (place, span) in run.batch.spans.enumerated() { places[span.spanID] = place }
        var witnesses: [Int: [Int]] = [:]
        for place in run.spans.indices {
            if let counted = run.spans[place].duplicateOf.flatMap({ places[$0] }) {
                witnesses[counted, default: []].append(place)
            }
        }
        for place in run.spans.indices where facts[place].stepKind == "raw" {
            guard let call = tree.parent(of: place) else { continue }
            witnesses[call, default: []].append(place)
        }
        return witnesses
    }

    /// `STATUS_CODE_ERROR`.
    private static let errorStatus: Int32 = 2
}

extension SpanFacts {
    /// Something tells that the model answered.
    fileprivate var tellsAnswer: Bool {
        hasOutputMessages || responseID != nil || outputTokens != nil
    }
}
