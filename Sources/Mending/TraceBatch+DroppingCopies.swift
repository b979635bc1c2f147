import OTLP

extension TraceBatch {
    /// Drops spans that repeat another one in everything, as retried requests do.
    ///
    /// This comes before normalising, which gathers what several spans tell of one call and would
    /// count copies twice. Copies that differ are left for the repair to weigh.
    mutating func dropIdenticalCopies() {
        var seen: Set<SpanKey> = []
        seen.reserveCapacity(spans.count)
        let repeated = Set(spans.lazy.map(\.key).filter { !seen.insert($0).inserted })
        guard !repeated.isEmpty else { return }
        var contents: Set<Content> = []
        let kept = spans.indices.filter { index in
            let key = spans[index].key
            guard repeated.contains(key) else { return true }
            return contents.insert(Content(key: key, hash: contentHash(ofSpan: index))).inserted
        }
        if kept.count < spans.count { arrangeSpans(kept) }
    }

    private struct Content: Hashable {
        var key: SpanKey
        var hash: UInt64
    }
}
