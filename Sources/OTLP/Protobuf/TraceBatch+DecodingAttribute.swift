extension TraceBatch {
    /// ```proto
    /// message KeyValue {
    ///   string key = 1;
    ///   AnyValue value = 2;
    /// }
    /// ```
    @_lifetime(cursor: copy cursor)
    mutating func decodeAttribute(
        _ cursor: inout WireCursor, into range: inout RecordRange, deep: inout UInt32,
        before limit: Int
    ) throws(WireError) {
        try cursor.charge()
        let end = try cursor.messageEnd(before: limit)
        let start = cursor.position
        if let attribute = shortAttribute(cursor.body, start, end) {
            attributes.append(attribute)
            range.count += 1
            cursor.position = end
            return
        }
        let firstUnknown = unknownFields.count
        var attribute = Attribute.withoutValue
        var isTooDeep = false
        while cursor.position < end {
            let tag = try cursor.tag(before: end)
            switch tag {
            case 0x0A:
                let key = try cursor.slice(before: end)
                attribute.keyID = keys.id(of: key, in: cursor.body)
                attribute.key =
                    attribute.keyID == .unknown ? try validated(key, &cursor) : key
            case 0x12:
                try decodeValue(&cursor, into: &attribute, isTooDeep: &isTooDeep, before: end)
            default: try keepUnknown(tag, of: .keyValue(0), &cursor, before: end)
            }
        }
        if unknownFields.count > firstUnknown {
            own(unknownFrom: firstUnknown, &attribute, startingAt: start)
        }
        if isTooDeep {
            deep.add(1)
            droppedDeepValues += 1
            unknownFields.removeSubrange(firstUnknown...)
        } else {
            attributes.append(attribute)
            range.count += 1
        }
    }

    /// Reads an attribute as every exporter writes it: key, then one scalar or text, and lengths of
    /// one byte. Nil for all others, faulty ones too: `decodeAttribute` reads those, field by field.
    ///
    /// Four of five bytes of an export are attributes, so this saves a third of all instructions.
    @inline(__always)
    private func shortAttribute(_ body: RawSpan, _ start: Int, _ end: Int) -> Attribute? {
        guard end &- start >= 6 else { return nil }
        let keyHead = body.twoBytes(at: start)
        let keyLength = Int(keyHead >> 8)
        guard keyHead & 0x80FF == 0x000A, end &- start >= keyLength &+ 6 else { return nil }
        let valueStart = start &+ keyLength &+ 2
        // The tag and length of `value`, the tag of its member, and a first byte of that.
        let head = body.fourBytes(at: valueStart)
        let valueLength = Int(head >> 8 & 0xFF)
        guard head & 0x80FF == 0x0012, valueStart &+ valueLength &+ 2 == end else { return nil }
        let last = Int(head >> 24)

        let kind: Attribute.Kind
        let bits: UInt64
        switch head >> 16 & 0xFF {
        case 0x0A where last &+ 2 == valueLength:
            guard body.isUTF8(end &- last, last) else { return nil }
            (kind, bits) = (.string, Slice(from: end &- last, to: end).packed)
        case 0x18:
            guard let number = body.varint(from: valueStart &+ 3, to: end) else { return nil }
            (kind, bits) = (.int, number)
        case 0x10 where valueLength == 2 && last < 0x80: (kind, bits) = (.bool, last == 0 ? 0 : 1)
        case 0x21 where valueLength == 9:
            (kind, bits) = (.double, UInt64(littleEndian: body.rawWord(at: end &- 8)))
        default: return nil
        }
        let key = Slice(from: start &+ 2, to: valueStart)
        let keyID = keys.id(of: key, in: body)
        if keyID == .unknown, !body.isUTF8(start &+ 2, keyLength) { return nil }
        return Attribute(key: key, keyID: keyID, kind: kind, bits: bits)
    }

    /// An attribute has no place of its own that lasts, so its unknown fields hang on its key.
    private mutating func own(
        unknownFrom first: Int, _ attribute: inout Attribute, startingAt start: Int
    ) {
        if attribute.key.isEmpty { attribute.key = Slice(offset: UInt32(start), length: 0) }
        let key = attribute.key.offset
        for index in first..<unknownFields.count {
            switch unknownFields[index].owner {
            case .keyValue: unknownFields[index].owner = .keyValue(key)
            default: unknownFields[index].owner = .value(key)
            }
        }
    }

    /// ```proto
    /// message AnyValue {
    ///   oneof value {
    ///     string string_value = 1;
    ///     bool bool_value = 2;
    ///     int64 int_value = 3;
    ///     double double_value = 4;
    ///     ArrayValue array_value = 5;
    ///     KeyValueList kvlist_value = 6;
    ///     bytes bytes_value = 7;
    ///   }
    /// }
    /// ```
    /// The last member counts; an array or list that is set twice is merged.
    @inline(__always)
    @_lifetime(cursor: copy cursor)
    mutating func decodeValue(
        _ cursor: inout WireCursor, into attribute: inout Attribute, isTooDeep: inout Bool,
        before limit: Int
    ) throws(WireError) {
        let end = try cursor.messageEnd(before: limit)
        if attribute.isWithoutValue { attribute.set(.empty, 0) }
        while cursor.position < end {
            let tag = try cursor.tag(before: end)
            switch tag {
            case 0x0A: attribute.set(.string, try string(&cursor, before: end).packed)
            case 0x10: attribute.set(.bool, try cursor.varint(before: end) != 0 ? 1 : 0)
            case 0x18: attribute.set(.int, try cursor.varint(before: end))
            case 0x21: attribute.set(.double, try cursor.fixed64(before: end))
            case 0x2A:
                isTooDeep = try decodeNested(
                    .arrayValue, .array, &cursor, into: &attribute, isTooDeep, before: end)
                continue
            case 0x32:
                isTooDeep = try decodeNested(
                    .keyValueList, .keyValueList, &cursor, into: &attribute, isTooDeep,
                    before: end)
                continue
            case 0x3A: attribute.set(.bytes, try cursor.slice(before: end).packed)
            default:
                try keepUnknown(tag, of: .value(0), &cursor, before: end)
                continue
            }
            isTooDeep = false
        }
    }

    /// - Returns: whether the value is now too deep.
    @inline(never)
    @_lifetime(cursor: copy cursor)
    private mutating func decodeNested(
        _ message: WireMessage, _ kind: Attribute.Kind, _ cursor: inout WireCursor,
        into attribute: inout Attribute, _ wasTooDeep: Bool, before end: Int
    ) throws(WireError) -> Bool {
        let added = try nested(message, &cursor, before: end)
        guard attribute.kind == kind else {
            attribute.set(kind, added.slice.packed)
            return added.isTooDeep
        }
        let earlier = Slice(packed: attribute.bits)
        attribute.set(kind, try joined(earlier, added.slice, &cursor).packed)
        return wasTooDeep || added.isTooDeep
    }

    /// Two parts of one message: what protobuf calls merging is putting their bytes together.
    @_lifetime(cursor: copy cursor)
    private mutating func joined(
        _ first: Slice, _ second: Slice, _ cursor: inout WireCursor
    ) throws(WireError) -> Slice {
        if second.isEmpty { return first }
        if first.isEmpty { return second }
        let isLast =
            first.range.upperBound == bytes.count && Int(first.offset) >= cursor.body.byteCount
        // Whoever makes us move the same bytes again and again pays for them.
        let moved = isLast ? Int(second.length) : Int(first.length) + Int(second.length)
        try cursor.charge(1 + moved / 32)
        guard moved <= Self.maximumBytes - bytes.count else { throw .tooManyBytes }
        let offset = isLast ? first.offset : UInt32(bytes.count)
        if !isLast { bytes.append(contentsOf: Array(bytes[first.range])) }
        bytes.append(contentsOf: Array(bytes[second.range]))
        return Slice(offset: offset, length: first.length + second.length)
    }
}
