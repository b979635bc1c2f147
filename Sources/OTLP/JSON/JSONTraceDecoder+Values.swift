extension JSONTraceDecoder {
    /// A text as a slice of the batch's bytes; escaped ones are appended to them.
    mutating func slice() throws(DecodingError) -> Slice {
        guard let text = try json.text() else { return .empty }
        return slice(text)
    }

    @inline(__always)
    private mutating func slice(_ text: JSONText) -> Slice {
        text.isPlain
            ? Slice(from: text.range.lowerBound, to: text.range.upperBound) : appended(text)
    }

    @inline(never)
    private mutating func appended(_ text: JSONText) -> Slice {
        let start = batch.bytes.count
        json.append(text, to: &batch.bytes)
        guard batch.bytes.count <= TraceBatch.maximumBytes else {
            batch.bytes.removeSubrange(start...)
            return .empty
        }
        return Slice(offset: UInt32(start), length: UInt32(batch.bytes.count - start))
    }

    // repeated KeyValue attributes
    mutating func attributes() throws(DecodingError) -> ReadAttributes {
        guard try json.beginArray() else { return ReadAttributes() }
        let start = batch.attributes.count
        var dropped: UInt32 = 0
        while true {
            if let plain = json.takePlainAttribute() {
                try charge()
                batch.attributes.append(attribute(plain))
                continue
            }
            guard try json.nextObject() else { break }
            try charge()
            let attribute = try keyValue()
            if isTooDeep {
                isTooDeep = false
                batch.droppedDeepValues += 1
                dropped.add(1)
            } else {
                batch.attributes.append(attribute)
            }
        }
        return ReadAttributes(
            range: RecordRange(
                start: UInt32(start), count: UInt32(batch.attributes.count - start)),
            dropped: dropped)
    }

    @inline(__always)
    private mutating func attribute(_ plain: JSONPlainAttribute) -> Attribute {
        let keyID = unsafe batch.keys.id(of: plain.key, in: json.tokens.bytes.span.bytes)
        switch plain.value {
        case .string(let text):
            return Attribute(
                key: plain.key, keyID: keyID, kind: .string, bits: slice(text).packed)
        case .int(let number):
            return Attribute(
                key: plain.key, keyID: keyID, kind: .int, bits: UInt64(bitPattern: number))
        case .bool(let flag):
            return Attribute(key: plain.key, keyID: keyID, kind: .bool, bits: flag ? 1 : 0)
        }
    }

    // message KeyValue { string key = 1; AnyValue value = 2; }
    private mutating func keyValue() throws(DecodingError) -> Attribute {
        var attribute = Attribute.withoutValue
        isTooDeep = false
        while let name = try json.nextName() {
            switch name {
            case "key": attribute.key = try slice()
            case "value":
                let key = attribute.key
                attribute = .withoutValue
                attribute.key = key
                isTooDeep = false
                if let value = try anyValue() { attribute.value = value }
            default: try json.skipValue()
            }
        }
        attribute.keyID = unsafe batch.keys.id(of: attribute.key, in: batch.bytes.span.bytes)
        return attribute
    }

    // message AnyValue { oneof value { string string_value = 1; bool bool_value = 2;
    //   int64 int_value = 3; double double_value = 4; ArrayValue array_value = 5;
    //   KeyValueList kvlist_value = 6; bytes bytes_value = 7; } }
    // The last member counts; one that is null is not set.
    mutating func anyValue() throws(DecodingError) -> FlatValue? {
        guard try json.beginObject() else { return nil }
        var value = FlatValue.empty
        while let name = try json.nextName() {
            guard let member = try member(name, depth: 1) else { continue }
            switch member {
            case .string(let text): value = .string(slice(text))
            case .bool(let flag): value = .bool(flag)
            case .int(let number): value = .int(number)
            case .double(let number): value = .double(number)
            case .array(let message): value = .array(batch.append(bytes: message))
            case .keyValueList(let message): value = .keyValueList(batch.append(bytes: message))
            case .bytes(let content): value = .bytes(batch.append(bytes: content))
            }
        }
        return value
    }
}
