import OTLP

extension RepairForest {
    /// Keeps one copy of each span: the one that ends last, then the richest.
    ///
    /// A retried request repeats spans byte for byte, which is no news. Copies that differ are
    /// noted: an SDK may export a span again when it has learnt more.
    mutating func dropDuplicates() {
        var kept: [Int] = []
        kept.reserveCapacity(spans.count)
        for index in spans.indices {
            guard let last = kept.last, isCopy(index, of: last) else {
                kept.append(index)
                continue
            }
            if let source = source[index] { dropped.append(source) }
            if spans[index].contentHash != spans[last].contentHash {
                notes.add(
                    "span \(spans[index].key) came with different content; "
                        + "the copy that ends last was kept")
            }
        }
        guard kept.count < spans.count else { return }
        spans = kept.map { spans[$0] }
        source = kept.map { source[$0] }
        parent.removeLast(parent.count - kept.count)
        repairs.removeLast(repairs.count - kept.count)
        isFixed.removeLast(isFixed.count - kept.count)
        danglingParent.removeLast(danglingParent.count - kept.count)
        twin.removeLast(twin.count - kept.count)
    }

    /// Spans without an id are copies only where they agree in everything.
    private func isCopy(_ index: Int, of last: Int) -> Bool {
        let (span, other) = (spans[index], spans[last])
        guard span.key == other.key else { return false }
        return span.key.spanID.isValid || span.contentHash == other.contentHash
    }
}
