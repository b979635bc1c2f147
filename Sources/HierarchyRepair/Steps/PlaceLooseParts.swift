import OTLP

extension RepairForest {
    /// Finds a place for everything that hangs on nothing: orphans, cut spans, roots of traces.
    mutating func placeLooseParts(_ minimumConfidence: Double) -> [RepairedTree.Candidate] {
        adoptBelowKnownPlaceholders()
        adoptFromOtherTraces(minimumConfidence)
        let parts = looseParts()
        guard !parts.isEmpty else { return [] }
        var placing = Placing(self, parts: parts)
        if placing.isCrowded {
            notes.add(
                "\(parts.count) parts of the run came loose, more than "
                    + "\(RepairLimits.partsOfManyRounds); each got a short look, without its texts")
        }
        placing.followLinks()
        placing.matchRequests()
        placing.matchWorkers()
        placing.fitIntoSteps()
        placing.tellClocks()
        for placement in placing.placements.sorted(by: { $0.part < $1.part }) {
            let isSure = placement.confidence >= minimumConfidence
            hang(
                placing.parts[placement.part], below: isSure ? placement.host : nil,
                rule: placement.rule,
                confidence: placement.confidence, withPlaceholder: placement.withPlaceholder)
        }
        for note in placing.notes.notes { notes.add(note) }
        orphans = []
        return placing.explanation
    }

    /// Orphans whose placeholder was given away hang below it.
    private mutating func adoptBelowKnownPlaceholders() {
        guard !placeholders.isEmpty else { return }
        var trees = DisjointTrees(parent: parent)
        var left: [Int] = []
        for orphan in orphans {
            guard let known = placeholders[placeholderID(of: lostKey(of: orphan))],
                trees.tree(of: orphan) != trees.tree(of: known)
            else {
                left.append(orphan)
                continue
            }
            trees.join(orphan, known)
            hang(orphan, below: known, rule: .lostParent, confidence: 1)
        }
        orphans = left
    }

    /// Span ids are random, so one that names a single span of the run names it from another trace as
    /// well: the trace id was lost on the way, the parent was not.
    private mutating func adoptFromOtherTraces(_ minimumConfidence: Double) {
        guard !orphans.isEmpty, Confidence.otherTrace >= minimumConfidence else { return }
        let only = spansByID()
        guard !only.isEmpty else { return }
        var trees = DisjointTrees(parent: parent)
        var left: [Int] = []
        for orphan in orphans {
            guard let found = only[spans[orphan].parentSpanID], found >= 0,
                trees.tree(of: orphan) != trees.tree(of: found)
            else {
                left.append(orphan)
                continue
            }
            trees.join(orphan, found)
            hang(orphan, below: found, rule: .lostParent, confidence: Confidence.otherTrace)
        }
        orphans = left
    }

    /// Spans by their ids alone, in a run of several traces; -1 where several have one.
    private func spansByID() -> [SpanID: Int] {
        guard let first = spans.first?.key.traceID,
            spans.contains(where: { $0.key.traceID != first })
        else { return [:] }
        var only: [SpanID: Int] = [:]
        only.reserveCapacity(spans.count)
        for (index, span) in spans.enumerated() where span.key.spanID.isValid {
            if only.updateValue(index, forKey: span.key.spanID) != nil {
                only[span.key.spanID] = -1
            }
        }
        return only
    }
}
