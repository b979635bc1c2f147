extension JSONTraceDecoder {
    /// A text as a slice of the batch's bytes; escaped ones are appended to them.
    mutating func slice() throws(DecodingError) -> Slice {
        guard let text = try json.text() else { return .empty }
        return slice(text)
    }

    private mutating func slice(_ text: JSONText) -> Slice {
        if text.isPlain {
            return Slice(
                offset: UInt32(text.range.lowerBound), length: UInt32(text.range.count))
        }
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

    private func attribute(_ plain: JSONPlainAttribute) -> Attribute {
        let key = Slice(from: plain.key.lowerBound, to: plain.key.upperBound)
        let keyID = unsafe batch.keys.id(of: key, in: batch.bytes.span.bytes)
        switch plain.value {
        case .string(let text):
            let slice = Slice(from: text.lowerBound, to: text.upperBound)
            return Attribute(key: key, keyID: keyID, kind: .string, bits: slice.packed)
        case .int(let number):
            return Attribute(
                key: key, keyID: keyID, kind: .int, bits: UInt64(bitPattern: number))
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
