extension TraceBatch {
    /// Nested values deeper than this are not read; the decoder drops deeper ones already.
    public static let maximumValueDepth = 64

    /// A value of this batch, made to stand on its own.
    public func anyValue(_ value: FlatValue) -> AnyValue {
        switch value {
        case .empty: .empty
        case .string(let slice): .string(string(slice))
        case .bool(let flag): .bool(flag)
        case .int(let number): .int(number)
        case .double(let number): .double(number)
        case .bytes(let slice): .bytes(Array(bytes[slice.range]))
        case .array(let slice): NestedValueReader(bytes).array(slice)
        case .keyValueList(let slice): NestedValueReader(bytes).keyValueList(slice)
        }
    }

    /// Appends what a value needs to the batch's bytes.
    public mutating func flatten(_ value: AnyValue) -> FlatValue {
        switch value {
        case .empty: return .empty
        case .string(let text): return .string(append(text))
        case .bool(let flag): return .bool(flag)
        case .int(let number): return .int(number)
        case .double(let number): return .double(number)
        case .bytes(let content): return .bytes(append(bytes: content))
        case .array(let elements):
            return .array(append(bytes: NestedValueWriter.arrayValue(elements)))
        case .keyValueList(let entries):
            return .keyValueList(append(bytes: NestedValueWriter.keyValueList(entries)))
        }
    }
}

/// Writes `ArrayValue` and `KeyValueList` messages, innermost first.
enum NestedValueWriter {
    static func arrayValue(_ elements: [AnyValue]) -> [UInt8] {
        var message: [UInt8] = []
        for element in elements { append(field: 1, anyValue(element), to: &message) }
        return message
    }

    static func keyValueList(_ entries: [KeyValue]) -> [UInt8] {
        var message: [UInt8] = []
        for entry in entries {
            var keyValue: [UInt8] = []
            if !entry.key.isEmpty { append(field: 1, Array(entry.key.utf8), to: &keyValue) }
            append(field: 2, anyValue(entry.value), to: &keyValue)
            append(field: 1, keyValue, to: &message)
        }
        return message
    }

    private static func anyValue(_ value: AnyValue) -> [UInt8] {
        var message: [UInt8] = []
        switch value {
        case .empty: break
        case .string(let text): append(field: 1, Array(text.utf8), to: &message)
        case .bool(let flag): message += [2 << 3, flag ? 1 : 0]
        case .int(let number):
            message.append(3 << 3)
            append(varint: UInt64(bitPattern: number), to: &message)
        case .double(let number):
            message.append(4 << 3 | 1)
            for place in 0..<8 {
                message.append(UInt8(truncatingIfNeeded: number.bitPattern >> UInt64(8 * place)))
            }
        case .array(let elements): append(field: 5, arrayValue(elements), to: &message)
        case .keyValueList(let entries): append(field: 6, keyValueList(entries), to: &message)
        case .bytes(let content): append(field: 7, content, to: &message)
        }
        return message
    }

    private static func append(field: UInt8, _ content: [UInt8], to message: inout [UInt8]) {
        message.append(field << 3 | 2)
        append(varint: UInt64(content.count), to: &message)
        message += content
    }

    private static func append(varint: UInt64, to message: inout [UInt8]) {
        var rest = varint
        while rest >= 0x80 {
            message.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        message.append(UInt8(rest))
    }
}
