import OTLP

extension RepairForest {
    /// Finds each span's reported parent, and collects the orphans.
    mutating func resolveParents() {
        var places: [SpanKey: Int] = [:]
        places.reserveCapacity(spans.count)
        for (index, span) in spans.enumerated() where span.key.spanID.isValid {
            places[span.key] = index
        }
        for (index, span) in spans.enumerated() where span.parentSpanID.isValid {
            let wanted = SpanKey(traceID: span.key.traceID, spanID: span.parentSpanID)
            if wanted == span.key {
                makeRoot(index, rule: .selfParent, confidence: Confidence.selfParent)
                cutTops[index] = .selfParent
            } else if let found = places[wanted] {
                parent[index] = found
            } else {
                danglingParent[index] = span.parentSpanID
                orphans.append(index)
            }
        }
    }
}
