import OTLP

extension Placing {
    /// Hangs roots of other traces below the one span that they link to: messages carry links.
    mutating func followLinks() {
        var keys: [SpanKey: Int] = [:]
        let wanted = Set(parts.compactMap { $0.tops.count == 1 ? $0.cover.linked : nil })
        guard !wanted.isEmpty else { return }
        for (index, span) in spans.enumerated() where wanted.contains(span.key) {
            keys[span.key] = index
        }
        for part in open where parts[part].tops.count == 1 && !parts[part].isOfTrace {
            guard let key = parts[part].cover.linked, let host = keys[key],
                isOpen(host, to: part), spans[host].start <= spans[parts[part].top].start
            else { continue }
            place(part, below: host, .linkedTrace, Confidence.linked)
        }
    }
}
