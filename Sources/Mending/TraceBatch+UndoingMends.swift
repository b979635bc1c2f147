import OTLP

extension TraceBatch {
    /// Takes back what an earlier mending told: ids and parents are as reported, placeholders and
    /// marks are gone.
    ///
    /// So mending a mended run gives the same run. Marks that hold no id are removed and otherwise
    /// ignored: anybody may send such attributes.
    mutating func undoMending() {
        var reported: [SpanKey: SpanKey] = [:]
        var kept: [Int] = []
        kept.reserveCapacity(spans.count)
        for index in spans.indices {
            let attributes = attributes(spans[index].attributes)
            guard attributes.contains(where: isMark) else {
                kept.append(index)
                continue
            }
            if value(MendingAttribute.placeholder, in: spans[index].attributes) == .bool(true) {
                continue
            }
            kept.append(index)
            let mended = spans[index].key
            restoreIDs(at: index)
            if spans[index].key != mended { reported[mended] = spans[index].key }
            replaceAttributes(ofSpan: index, with: attributes.filter { !isMark($0) })
        }
        if kept.count < spans.count { arrangeSpans(kept) }
        if !reported.isEmpty { renameLinks(reported) }
    }

    /// Makes links to renamed spans point at their new ids.
    mutating func renameLinks(_ renamed: [SpanKey: SpanKey]) {
        for index in links.indices {
            let key = SpanKey(traceID: links[index].traceID, spanID: links[index].spanID)
            guard let new = renamed[key] else { continue }
            links[index].traceID = new.traceID
            links[index].spanID = new.spanID
        }
    }

    private mutating func restoreIDs(at index: Int) {
        let range = spans[index].attributes
        if let text = value(MendingAttribute.reportedTraceID, in: range)?.stringValue,
            let id = TraceID(hexadecimal: text)
        {
            spans[index].traceID = id
        }
        if let text = value(MendingAttribute.reportedSpanID, in: range)?.stringValue {
            spans[index].spanID = SpanID(hexadecimal: text) ?? .invalid
        }
        if let text = value(MendingAttribute.reportedParentSpanID, in: range)?.stringValue {
            spans[index].parentSpanID = SpanID(hexadecimal: text) ?? .invalid
        }
    }

    private func isMark(_ attribute: Attribute) -> Bool {
        guard attribute.key.length > UInt32(MendingAttribute.prefix.utf8.count),
            bytes(attribute.key).starts(with: MendingAttribute.prefix.utf8)
        else { return false }
        return MendingAttribute.all.contains(key(of: attribute))
    }
}
