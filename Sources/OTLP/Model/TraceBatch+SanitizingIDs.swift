extension TraceBatch {
    /// Makes every id of the batch usable, or takes away what has none.
    ///
    /// Ids that came as text are read. Spans whose trace or span id is missing, of a wrong length
    /// or all zero are removed; a parent id of a wrong length becomes "no parent"; an all-zero
    /// parent id means a root; links without usable ids are dropped and counted. The result depends
    /// on the batch alone, and a second call finds nothing to do.
    /// - Complexity: linear.
    public mutating func sanitizeIDs() -> IDReport {
        var report = IDReport()
        recoverIDs(&report)
        var removals = Removals()
        for index in spans.indices { dropLinks(ofSpan: index, &report, &removals) }
        removeSpans(&report, &removals)
        irregularIDs.removeAll()
        moveUnknownFields(removals)
        return report
    }

    /// Where spans and links went; nil for what is gone.
    private struct Removals {
        var spans: [UInt32: UInt32?] = [:]
        var links: [UInt32: UInt32?] = [:]
    }

    private mutating func recoverIDs(_ report: inout IDReport) {
        for irregular in irregularIDs {
            let id = bytes[irregular.bytes.range]
            switch (irregular.owner, irregular.field) {
            case (.span(let index), .traceID):
                Self.recover(&spans[Int(index)].traceID, from: id, &report)
            case (.span(let index), .spanID):
                Self.recover(&spans[Int(index)].spanID, from: id, &report)
            case (.span(let index), _):
                Self.recover(&spans[Int(index)].parentSpanID, from: id, &report)
                let isZero = id.allSatisfy { $0 == 0 } && id.count == 8
                if !spans[Int(index)].parentSpanID.isValid, !isZero { report.clearedParents += 1 }
            case (.link(let index), .traceID):
                Self.recover(&links[Int(index)].traceID, from: id, &report)
            case (.link(let index), _):
                Self.recover(&links[Int(index)].spanID, from: id, &report)
            }
        }
    }

    private static func recover(
        _ id: inout TraceID, from bytes: ArraySlice<UInt8>, _ report: inout IDReport
    ) {
        guard !id.isValid, let words = IDText.words(bytes, idLength: 16) else { return }
        id = TraceID(high: words[0], low: words[1])
        if id.isValid { report.recoveredIDs += 1 }
    }

    private static func recover(
        _ id: inout SpanID, from bytes: ArraySlice<UInt8>, _ report: inout IDReport
    ) {
        guard !id.isValid, let words = IDText.words(bytes, idLength: 8) else { return }
        id = SpanID(word: words[0])
        if id.isValid { report.recoveredIDs += 1 }
    }

    private mutating func dropLinks(
        ofSpan span: Int, _ report: inout IDReport, _ removals: inout Removals
    ) {
        let range = spans[span].links
        guard !range.isEmpty else { return }
        var kept = range.start
        for index in range.indices {
            links[index].irregular = []
            if links[index].traceID.isValid, links[index].spanID.isValid {
                if Int(kept) != index {
                    links[Int(kept)] = links[index]
                    removals.links[UInt32(index)] = .some(kept)
                }
                kept += 1
            } else {
                removals.links[UInt32(index)] = .some(nil)
            }
        }
        let dropped = range.count - (kept - range.start)
        spans[span].links.count -= dropped
        spans[span].droppedLinksCount.add(dropped)
        report.droppedLinks += Int(dropped)
    }

    private mutating func removeSpans(_ report: inout IDReport, _ removals: inout Removals) {
        var kept = 0
        for index in spans.indices {
            if spans[index].traceID.isValid, spans[index].spanID.isValid {
                spans[index].irregular = []
                if kept != index {
                    spans[kept] = spans[index]
                    removals.spans[UInt32(index)] = .some(UInt32(kept))
                }
                kept += 1
            } else {
                removals.spans[UInt32(index)] = .some(nil)
                report.rejectedSpans += 1
                if report.rejections.count < IDReport.namedRejections {
                    report.rejections.append(rejection(ofSpan: index))
                }
            }
        }
        spans.removeSubrange(kept...)
    }

    private func rejection(ofSpan index: Int) -> String {
        let span = spans[index]
        let field: IrregularIDs = span.traceID.isValid ? .spanID : .traceID
        let expected = span.traceID.isValid ? "8" : "16"
        let fieldName = span.traceID.isValid ? "span_id" : "trace_id"
        let came = irregularIDs.first { $0.owner == .span(UInt32(index)) && $0.field == field }
        let found =
            switch came.map({ bytes[$0.bytes.range] }) {
            case nil: "none"
            case .some(let id) where id.allSatisfy { $0 == 0 }: "\(id.count) zeros"
            case .some(let id): "\(id.count) bytes"
            }
        // By bytes: a single character may be of any length.
        let name = String(decoding: bytes[span.name.range].prefix(60), as: UTF8.self)
        return "span \(index) \"\(name)\": expected a \(fieldName) of \(expected) bytes "
            + "that are not all zero, found \(found)"
    }

    private mutating func moveUnknownFields(_ removals: Removals) {
        guard !unknownFields.isEmpty, !(removals.spans.isEmpty && removals.links.isEmpty) else {
            return
        }
        unknownFields = unknownFields.compactMap { unknown in
            var moved = unknown
            switch unknown.owner {
            case .span(let index):
                guard let place = removals.spans[index, default: index] else { return nil }
                moved.owner = .span(place)
            case .status(let index):
                guard let place = removals.spans[index, default: index] else { return nil }
                moved.owner = .status(place)
            case .link(let index):
                guard let place = removals.links[index, default: index] else { return nil }
                moved.owner = .link(place)
            default: break
            }
            return moved
        }
    }
}
