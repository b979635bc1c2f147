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
    @_lifetime(cursor: copy cursor)
    private mutating func decodeValue(
        _ cursor: inout WireCursor, into attribute: inout Attribute, isTooDeep: inout Bool,
        before limit: Int
    ) throws(WireError) {
        let end = try cursor.messageEnd(before: limit)
        if attribute.isWithoutValue { attribute.value = .empty }
        while cursor.position < end {
            let tag = try cursor.tag(before: end)
            switch tag {
            case 0x0A: attribute.value = .string(try string(&cursor, before: end))
            case 0x10: attribute.value = .bool(try cursor.varint(before: end) != 0)
            case 0x18:
                attribute.value = .int(Int64(bitPattern: try cursor.varint(before: end)))
            case 0x21:
                attribute.value = .double(Double(bitPattern: try cursor.fixed64(before: end)))
            case 0x2A:
                let added = try nested(.arrayValue, &cursor, before: end)
                if case .array(let earlier) = attribute.value {
                    attribute.value = .array(try joined(earlier, added.slice, &cursor))
                    isTooDeep = isTooDeep || added.isTooDeep
                } else {
                    attribute.value = .array(added.slice)
                    isTooDeep = added.isTooDeep
                }
                continue
            case 0x32:
                let added = try nested(.keyValueList, &cursor, before: end)
                if case .keyValueList(let earlier) = attribute.value {
                    attribute.value = .keyValueList(try joined(earlier, added.slice, &cursor))
                    isTooDeep = isTooDeep || added.isTooDeep
                } else {
                    attribute.value = .keyValueList(added.slice)
                    isTooDeep = added.isTooDeep
                }
                continue
            case 0x3A: attribute.value = .bytes(try cursor.slice(before: end))
            default:
                try keepUnknown(tag, of: .value(0), &cursor, before: end)
                continue
            }
            isTooDeep = false
        }
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
