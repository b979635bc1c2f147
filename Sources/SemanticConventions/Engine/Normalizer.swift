public import OTLP

/// Brings the attributes of spans to one set of conventions, whatever library wrote them.
///
/// Canonical attributes are added; originals stay. Where the canonical key itself holds another
/// shape or meaning, its value is replaced and the old one moves to `tracemend.original.<key>`.
/// Structured content is written as JSON text. `tracemend.derived` names what was added, so that
/// `restoreOriginals(_:)` can take it away exactly. Spans without GenAI content get the renames of
/// general attributes and nothing else.
///
/// Normalising is deterministic, does not depend on the order of spans or attributes, and changes
/// nothing when it is done again: it begins with `restoreOriginals(_:)`.
public struct Normalizer: Sendable {
    public let rules: RuleSet

    // What every batch begins with, built once.
    private let freshKeys: KeyIndex
    private let freshDerivation: SpanDerivation

    public init(rules: RuleSet) {
        self.rules = rules
        freshKeys = KeyIndex(rules: rules)
        freshDerivation = SpanDerivation(rules: rules)
    }

    /// Normalises all spans of a batch.
    ///
    /// The spans of one run should come together: an answer's tool calls that a library writes as
    /// spans of their own are found among them.
    /// - Complexity: linear in the attributes.
    @discardableResult
    public func normalize(_ batch: inout TraceBatch) -> NormalizationReport {
        var report = NormalizationReport()
        guard !batch.spans.isEmpty else { return report }
        restoreOriginals(&batch)
        var keys = freshKeys
        var detection = Detection(rules: rules)
        var derivation = freshDerivation
        let toolRequests = Self.toolRequests(in: batch)
        for span in batch.spans.indices {
            let record = batch.spans[span]
            let scope = detection.scopeName(of: record, in: batch)
            derivation.view.load(span, of: batch, scopeName: scope, &keys)
            let dialects = detection.dialects(of: derivation.view, in: batch)
            var changes = SpanChanges()
            if derivation.view.isGenAI || !dialects.isEmpty || !record.events.isEmpty {
                derivation.derive(dialects, in: batch)
                let isAgentOps = dialects.contains { rules.dialects[$0].name == "agentops" }
                let requests = isAgentOps ? toolRequests[record.key] ?? [] : []
                let documents = derivation.complete(toolRequests: requests, in: batch)
                changes = derivation.changes(documents, in: batch)
                if let dialect = dialects.first {
                    changes.dialect = rules.dialects[dialect].name
                } else if changes.isEmpty {
                    changes.losses = []
                }
            }
            if derivation.view.isGeneral {
                changes.rename(derivation.generalRenames(in: batch))
            }
            guard !changes.isEmpty || changes.dialect != nil else { continue }
            report.add(changes)
            changes.write(to: span, of: &batch)
        }
        return report
    }

    /// The spans in which AgentOps tells the tool calls of an answer, by the answer, in time order.
    private static func toolRequests(in batch: TraceBatch) -> [SpanKey: [Int]] {
        var requests: [SpanKey: [Int]] = [:]
        for (index, span) in batch.spans.enumerated() {
            guard span.name.length > 10, span.parentSpanID.isValid,
                batch.bytes(span.name).starts(with: "tool_call.".utf8)
            else { continue }
            let parent = SpanKey(traceID: span.traceID, spanID: span.parentSpanID)
            requests[parent, default: []].append(index)
        }
        return requests.mapValues { spans in
            spans.sorted {
                let (left, right) = (batch.spans[$0], batch.spans[$1])
                return (left.startTimeUnixNano, left.spanID)
                    < (right.startTimeUnixNano, right.spanID)
            }
        }
    }
}

extension NormalizationReport {
    fileprivate mutating func add(_ changes: SpanChanges) {
        changedSpans += 1
        if let dialect = changes.dialect { spansByDialect[dialect, default: 0] += 1 }
        for loss in changes.losses { losses[loss, default: 0] += 1 }
    }
}
