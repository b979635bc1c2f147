// An id is taken as a number where its bytes make a usable one. Where they do not, the id reads as
// "none" and the bytes are kept beside it: one bad id must not cost the batch.
extension TraceBatch {
    @inline(__always)
    @_lifetime(cursor: copy cursor)
    mutating func decodeTraceID(
        _ cursor: inout WireCursor, into span: inout SpanRecord, at index: UInt32,
        before end: Int
    ) throws(WireError) {
        (span.traceID, span.irregular) = try traceID(
            &cursor, .span(index), span.irregular, before: end)
    }

    @inline(__always)
    @_lifetime(cursor: copy cursor)
    mutating func decodeSpanID(
        _ cursor: inout WireCursor, into span: inout SpanRecord, at index: UInt32,
        before end: Int
    ) throws(WireError) {
        (span.spanID, span.irregular) = try spanID(
            &cursor, .spanID, .span(index), span.irregular, before: end)
    }

    @inline(__always)
    @_lifetime(cursor: copy cursor)
    mutating func decodeParentSpanID(
        _ cursor: inout WireCursor, into span: inout SpanRecord, at index: UInt32,
        before end: Int
    ) throws(WireError) {
        (span.parentSpanID, span.irregular) = try spanID(
            &cursor, .parentSpanID, .span(index), span.irregular, before: end)
    }

    @_lifetime(cursor: copy cursor)
    mutating func decodeTraceID(
        _ cursor: inout WireCursor, into link: inout LinkRecord, at index: UInt32,
        before end: Int
    ) throws(WireError) {
        (link.traceID, link.irregular) = try traceID(
            &cursor, .link(index), link.irregular, before: end)
    }

    @_lifetime(cursor: copy cursor)
    mutating func decodeSpanID(
        _ cursor: inout WireCursor, into link: inout LinkRecord, at index: UInt32,
        before end: Int
    ) throws(WireError) {
        (link.spanID, link.irregular) = try spanID(
            &cursor, .spanID, .link(index), link.irregular, before: end)
    }

    @inline(__always)
    @_lifetime(cursor: copy cursor)
    private mutating func traceID(
        _ cursor: inout WireCursor, _ owner: IrregularID.Owner, _ irregular: IrregularIDs,
        before end: Int
    ) throws(WireError) -> (TraceID, IrregularIDs) {
        let slice = try cursor.slice(before: end)
        if slice.length == 16 {
            let id = TraceID(
                high: UInt64(bigEndian: cursor.body.rawWord(at: Int(slice.offset))),
                low: UInt64(bigEndian: cursor.body.rawWord(at: Int(slice.offset) + 8)))
            if id.isValid, irregular.isEmpty { return (id, irregular) }
            if id.isValid { return (id, forget(.traceID, of: owner, irregular)) }
        }
        return (.invalid, remember(slice, .traceID, of: owner, irregular))
    }

    @inline(__always)
    @_lifetime(cursor: copy cursor)
    private mutating func spanID(
        _ cursor: inout WireCursor, _ field: IrregularIDs, _ owner: IrregularID.Owner,
        _ irregular: IrregularIDs, before end: Int
    ) throws(WireError) -> (SpanID, IrregularIDs) {
        let slice = try cursor.slice(before: end)
        if slice.length == 8 {
            let id = SpanID(
                word: UInt64(bigEndian: cursor.body.rawWord(at: Int(slice.offset))))
            if id.isValid, irregular.isEmpty { return (id, irregular) }
            if id.isValid { return (id, forget(field, of: owner, irregular)) }
        }
        return (.invalid, remember(slice, field, of: owner, irregular))
    }

    @inline(never)
    private mutating func remember(
        _ slice: Slice, _ field: IrregularIDs, of owner: IrregularID.Owner,
        _ irregular: IrregularIDs
    ) -> IrregularIDs {
        let others = forget(field, of: owner, irregular)
        guard !slice.isEmpty else { return others }
        irregularIDs.append(IrregularID(owner: owner, field: field, bytes: slice))
        return others.union(field)
    }

    /// Of a field that is repeated the last one counts. What an owner has lies at the array's end.
    private mutating func forget(
        _ field: IrregularIDs, of owner: IrregularID.Owner, _ irregular: IrregularIDs
    ) -> IrregularIDs {
        guard irregular.contains(field) else { return irregular }
        var index = irregularIDs.count - 1
        while index >= 0, irregularIDs[index].owner == owner {
            if irregularIDs[index].field == field {
                irregularIDs.remove(at: index)
                break
            }
            index -= 1
        }
        return irregular.subtracting(field)
    }
}
