import OTLP

/// Goes over the spans of one batch after another. It reads them all before it changes any.
struct NormalizingPass: Sendable {
    private var derivation: SpanDerivation
    private(set) var edits: BatchEdits
    private var changes = SpanChanges()
    private let rules: CompiledRules
    private let isDropping: Bool

    init(_ rules: CompiledRules, _ originals: Originals) {
        self.rules = rules
        isDropping = originals == .drop
        derivation = SpanDerivation(rules: rules)
        edits = BatchEdits(rules: rules.rules)
    }

    /// What is remembered of earlier batches has grown beyond what is worth keeping.
    var isFull: Bool { derivation.isFull || edits.isLarge }

    /// Collects the changes of all spans in `edits`.
    mutating func normalize(_ batch: TraceBatch) -> NormalizationReport {
        var report = NormalizationReport()
        var byDialect = [Int](repeating: 0, count: rules.rules.dialects.count)
        edits.begin(batch)
        derivation.view.begin(batch)
        derivation.memo.begin()
        let toolRequests = Self.toolRequests(in: batch)
        for span in batch.spans.indices {
            derivation.view.load(span, of: batch)
            let flags = derivation.view.flags
            guard !flags.isDisjoint(with: [.genAI, .general, .evidence, .event]), !edits.isFull,
                derivation.view.position(of: rules.known.dropped) == nil
            else { continue }
            edits.beginSpan()
            changes.removeAll()
            let plan = derivation.planner.plan(for: derivation.view)
            var isDerived = false
            if derivation.detect(plan, in: batch) {
                isDerived = true
                derivation.derive(in: batch)
                let requests = toolRequests.isEmpty ? [] : self.requests(toolRequests)
                derivation.complete(toolRequests: requests, in: batch)
                derivation.collect(into: &changes, &edits, in: batch)
            }
            let dialect = isDerived ? derivation.steps.dialects.first : nil
            let losses =
                isDerived && (dialect != nil || !changes.isEmpty) ? derivation.losses : []
            if flags.contains(.general) {
                derivation.renameGeneral(plan, into: &changes, &edits, in: batch)
            }
            guard !changes.isEmpty || dialect != nil else { continue }
            if isDropping { derivation.drop(from: &changes, in: batch) }
            report.changedSpans += 1
            if let dialect { byDialect[dialect] += 1 }
            for loss in losses { report.losses[loss, default: 0] += 1 }
            changes.write(
                to: &edits, dialect: dialect.map { rules.rules.dialects[$0].name },
                losses: losses, rules: rules, derivation.view, in: batch)
            edits.endSpan(span)
        }
        for (dialect, count) in byDialect.enumerated() where count > 0 {
            report.spansByDialect[rules.rules.dialects[dialect].name, default: 0] += count
        }
        return report
    }

    private func requests(_ toolRequests: [SpanKey: [Int]]) -> [Int] {
        let isAgentOps = derivation.steps.dialects.contains {
            rules.rules.dialects[$0].name == "agentops"
        }
        return isAgentOps ? toolRequests[derivation.view.record.key] ?? [] : []
    }

    /// The spans in which AgentOps tells the tool calls of an answer, by the answer, in time order.
    private static func toolRequests(in batch: TraceBatch) -> [SpanKey: [Int]] {
        var requests: [SpanKey: [Int]] = [:]
        for (index, span) in batch.spans.enumerated() {
            guard span.name.length > 10, span.parentSpanID.isValid,
                batch.bytes[Int(span.name.offset)] == UInt8(ascii: "t"),
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
