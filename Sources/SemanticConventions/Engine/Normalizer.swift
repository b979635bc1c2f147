public import OTLP
import Synchronization

/// Brings the attributes of spans to one set of conventions, whatever library wrote them.
///
/// Canonical attributes are added; originals stay. Where the canonical key itself holds another
/// shape or meaning, its value is replaced and the old one moves to `tracemend.original.<key>`.
/// Structured content is written as JSON text. `tracemend.derived` names what was added, so that
/// `restoreOriginals(_:)` can take it away exactly. Spans without GenAI content get the renames of
/// general attributes and nothing else.
///
/// Normalising is deterministic, does not depend on the order of spans or attributes, and changes
/// nothing when it is done again: it begins with `restoreOriginals(_:)`. A span whose originals were
/// dropped stays as it is.
public struct Normalizer: Sendable {
    public let rules: RuleSet

    private let passes: PassPool

    /// - Parameter originals: what becomes of attributes that others tell in full.
    public init(rules: RuleSet, originals: Originals = .keep) {
        self.rules = rules
        passes = PassPool(CompiledRules(rules), originals)
    }

    /// Normalises all spans of a batch.
    ///
    /// The spans of one run should come together: an answer's tool calls that a library writes as
    /// spans of their own are found among them.
    /// - Complexity: O(n log n) in the attributes of a span, linear in the spans.
    @discardableResult
    public func normalize(_ batch: inout TraceBatch) -> NormalizationReport {
        guard !batch.spans.isEmpty else { return NormalizationReport() }
        restoreOriginals(&batch)
        var pass = passes.take()
        let report = pass.normalize(batch)
        pass.edits.write(to: &batch)
        passes.give(consume pass)
        return report
    }
}

/// Passes that are not at work, with what they remember of the spans that they saw.
private final class PassPool: Sendable {
    private let rules: CompiledRules
    private let originals: Originals
    private let idle = Mutex<[NormalizingPass]>([])

    init(_ rules: CompiledRules, _ originals: Originals) {
        self.rules = rules
        self.originals = originals
    }

    func take() -> NormalizingPass {
        idle.withLock { $0.popLast() } ?? NormalizingPass(rules, originals)
    }

    func give(_ pass: consuming NormalizingPass) {
        guard !pass.isFull else { return }
        let kept = pass
        idle.withLock { if $0.count < 16 { $0.append(kept) } }
    }
}
