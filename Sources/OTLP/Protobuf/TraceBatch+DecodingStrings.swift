extension TraceBatch {
    /// A string field, repaired where it is not UTF-8.
    @inline(__always)
    @_lifetime(cursor: copy cursor)
    mutating func string(
        _ cursor: inout WireCursor, before end: Int
    ) throws(WireError) -> Slice {
        try validated(try cursor.slice(before: end), &cursor)
    }

    @inline(__always)
    @_lifetime(cursor: copy cursor)
    mutating func validated(
        _ slice: Slice, _ cursor: inout WireCursor
    ) throws(WireError) -> Slice {
        if cursor.body.isUTF8(Int(slice.offset), Int(slice.length)) { return slice }
        // Repairing takes longer than reading and makes bytes of its own.
        try cursor.charge()
        return try repaired(slice)
    }

    /// A copy in which U+FFFD stands for each maximal run of bytes that begins no character.
    @inline(never)
    mutating func repaired(_ slice: Slice) throws(WireError) -> Slice {
        let text = string(slice).utf8
        guard text.count <= Self.maximumBytes - bytes.count else { throw .tooManyBytes }
        repairedStrings += 1
        return append(bytes: text)
    }

    /// Keeps a field that the schema does not name, or that has another wire type than it names.
    @inline(never)
    @_lifetime(cursor: copy cursor)
    mutating func keepUnknown(
        _ tag: UInt32, of owner: UnknownField.Owner, _ cursor: inout WireCursor, before end: Int
    ) throws(WireError) {
        try cursor.charge()
        let start = cursor.fieldStart
        try cursor.skip(tag, before: end)
        unknownFields.append(
            UnknownField(
                owner: owner,
                field: Slice(offset: UInt32(start), length: UInt32(cursor.position - start))))
    }

    /// Where the next attribute will be.
    @inline(__always)
    var nextAttributes: RecordRange { RecordRange(start: UInt32(attributes.count), count: 0) }

    /// The range, moved to the array's end where it is not there, so that it can grow.
    @_lifetime(cursor: copy cursor)
    mutating func extendable(
        _ range: RecordRange, _ cursor: inout WireCursor
    ) throws(WireError) -> RecordRange {
        if range.isEmpty { return nextAttributes }
        if range.indices.upperBound == attributes.count { return range }
        try cursor.charge(Int(range.count))
        return append(attributes: Array(attributes[range.indices]))
    }
}

extension UInt32 {
    /// Adds, and stays at the maximum rather than to overflow.
    @inline(__always)
    mutating func add(_ other: UInt32) {
        let (sum, overflow) = addingReportingOverflow(other)
        self = overflow ? .max : sum
    }
}
