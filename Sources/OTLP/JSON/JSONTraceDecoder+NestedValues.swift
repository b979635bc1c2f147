// Arrays and lists lie in a batch as the bytes of their protobuf messages, so they are written as
// such, the innermost first.
extension JSONTraceDecoder {
    /// A member of the oneof in `AnyValue` that is set.
    enum ValueMember {
        case string(JSONText)
        case bool(Bool)
        case int(Int64)
        case double(Double)
        /// The bytes of an `ArrayValue`.
        case array([UInt8])
        /// The bytes of a `KeyValueList`.
        case keyValueList([UInt8])
        case bytes([UInt8])
    }

    /// Reads the member of an `AnyValue` that lies `depth` values deep; nil where it is unknown or
    /// null.
    ///
    /// As the last member counts, it alone decides whether the value is too deep.
    mutating func member(
        _ name: JSONFieldName, depth: Int
    ) throws(DecodingError) -> ValueMember? {
        switch name {
        case "stringValue", "string_value":
            return try set { json throws(DecodingError) in try json.text().map(ValueMember.string) }
        case "boolValue", "bool_value":
            return try set { json throws(DecodingError) in .bool(try json.bool()) }
        case "intValue", "int_value":
            return try set { json throws(DecodingError) in .int(try json.int64()) }
        case "doubleValue", "double_value":
            return try set { json throws(DecodingError) in .double(try json.double()) }
        case "bytesValue", "bytes_value":
            return try set { json throws(DecodingError) in .bytes(try json.base64()) }
        case "arrayValue", "array_value": return try list(areEntries: false, depth: depth + 1)
        case "kvlistValue", "kvlist_value": return try list(areEntries: true, depth: depth + 1)
        default:
            try json.skipValue()
            return nil
        }
    }

    private mutating func set(
        _ read: (inout JSONMessageReader) throws(DecodingError) -> ValueMember?
    ) throws(DecodingError) -> ValueMember? {
        if try json.skipNull() { return nil }
        let member = try read(&json)
        isTooDeep = false
        return member
    }

    // message ArrayValue { repeated AnyValue values = 1; }
    // message KeyValueList { repeated KeyValue values = 1; }
    private mutating func list(
        areEntries: Bool, depth: Int
    ) throws(DecodingError) -> ValueMember? {
        guard try json.beginObject() else { return nil }
        var message: [UInt8] = []
        isTooDeep = false
        while let name = try json.nextName() {
            switch name {
            case "values":
                message.removeAll()
                isTooDeep = false
                message = try areEntries ? entries(depth: depth) : elements(depth: depth)
            default: try json.skipValue()
            }
        }
        return areEntries ? .keyValueList(message) : .array(message)
    }

    private mutating func elements(depth: Int) throws(DecodingError) -> [UInt8] {
        var message: [UInt8] = []
        guard try json.beginArray() else { return message }
        var hasDeepElement = false
        while true {
            if try json.skipEndOfArray() { break }
            try charge()
            message.append(field: 1, try value(depth: depth))
            hasDeepElement = hasDeepElement || isTooDeep
        }
        isTooDeep = hasDeepElement
        return message
    }

    private mutating func entries(depth: Int) throws(DecodingError) -> [UInt8] {
        var message: [UInt8] = []
        guard try json.beginArray() else { return message }
        var hasDeepEntry = false
        while try json.nextObject() {
            try charge()
            message.append(field: 1, try entry(depth: depth))
            hasDeepEntry = hasDeepEntry || isTooDeep
        }
        isTooDeep = hasDeepEntry
        return message
    }

    // message KeyValue { string key = 1; AnyValue value = 2; }
    private mutating func entry(depth: Int) throws(DecodingError) -> [UInt8] {
        var key: [UInt8] = []
        var value: [UInt8]?
        isTooDeep = false
        while let name = try json.nextName() {
            switch name {
            case "key":
                key.removeAll()
                if let text = try json.text() { json.append(text, to: &key) }
            case "value": value = try self.value(depth: depth)
            default: try json.skipValue()
            }
        }
        var message: [UInt8] = []
        if !key.isEmpty { message.append(field: 1, key) }
        if let value { message.append(field: 2, value) }
        return message
    }

    /// The bytes of an `AnyValue`; none for one that is too deep.
    private mutating func value(depth: Int) throws(DecodingError) -> [UInt8] {
        isTooDeep = false
        guard depth <= min(limits.maximumValueDepth, TraceBatch.maximumValueDepth) else {
            try json.skipValue()
            isTooDeep = true
            return []
        }
        var message: [UInt8] = []
        guard try json.beginObject() else { return message }
        while let name = try json.nextName() {
            guard let member = try member(name, depth: depth) else { continue }
            message.removeAll(keepingCapacity: true)
            switch member {
            case .string(let text):
                if text.isPlain {
                    message.append(field: 1, json.content(text))
                } else {
                    var content: [UInt8] = []
                    json.append(text, to: &content)
                    message.append(field: 1, content)
                }
            case .bool(let flag): message.append(contentsOf: [2 << 3, flag ? 1 : 0])
            case .int(let number):
                message.append(3 << 3)
                message.append(varint: UInt64(bitPattern: number))
            case .double(let number):
                message.append(4 << 3 | 1)
                for place in 0..<8 {
                    message.append(
                        UInt8(truncatingIfNeeded: number.bitPattern >> UInt64(8 * place)))
                }
            case .array(let content): message.append(field: 5, content)
            case .keyValueList(let content): message.append(field: 6, content)
            case .bytes(let content): message.append(field: 7, content)
            }
        }
        return message
    }
}
