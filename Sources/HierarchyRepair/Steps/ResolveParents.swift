import OTLP

extension RepairForest {
    /// Finds each span's reported parent, and collects the orphans.
    ///
    /// Span ids are random, so one that names a single span of the run names it from another trace as
    /// well: the trace id was lost on the way, the parent was not.
    mutating func resolveParents() {
        var places: [SpanKey: Int] = [:]
        places.reserveCapacity(spans.count)
        for (index, span) in spans.enumerated() where span.key.spanID.isValid {
            places[span.key] = index
        }
        let only = spansByID()
        for (index, span) in spans.enumerated() where span.parentSpanID.isValid {
            let wanted = SpanKey(traceID: span.key.traceID, spanID: span.parentSpanID)
            if wanted == span.key {
                makeRoot(index, rule: .selfParent, confidence: Confidence.selfParent)
                cutTops[index] = .selfParent
            } else if let found = places[wanted] {
                parent[index] = found
            } else if let found = only[span.parentSpanID], found >= 0, found != index {
                hang(index, below: found, rule: .lostParent, confidence: Confidence.otherTrace)
            } else {
                danglingParent[index] = span.parentSpanID
                orphans.append(index)
            }
        }
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
