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
        case .array(let slice):
            NestedValueReader(bytes: bytes[slice.range]).readArray(depth: 1)
        case .keyValueList(let slice):
            NestedValueReader(bytes: bytes[slice.range]).readKeyValueList(depth: 1)
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

/// Reads `ArrayValue` and `KeyValueList` messages; total: what is damaged or too deep reads as empty.
struct NestedValueReader {
    private var bytes: ArraySlice<UInt8>

    init(bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
    }

    func readArray(depth: Int) -> AnyValue {
        var reader = self
        var elements: [AnyValue] = []
        while let field = reader.nextField() {
            if case .message(1, let content) = field {
                elements.append(NestedValueReader(bytes: content).readAnyValue(depth: depth))
            }
        }
        return .array(elements)
    }

    func readKeyValueList(depth: Int) -> AnyValue {
        var reader = self
        var entries: [KeyValue] = []
        while let field = reader.nextField() {
            if case .message(1, let content) = field {
                entries.append(NestedValueReader(bytes: content).readKeyValue(depth: depth))
            }
        }
        return .keyValueList(entries)
    }

    private func readKeyValue(depth: Int) -> KeyValue {
        var reader = self
        var entry = KeyValue("", .empty)
        while let field = reader.nextField() {
            switch field {
            case .message(1, let content): entry.key = String(decoding: content, as: UTF8.self)
            case .message(2, let content):
                entry.value = NestedValueReader(bytes: content).readAnyValue(depth: depth)
            default: break
            }
        }
        return entry
    }

    private func readAnyValue(depth: Int) -> AnyValue {
        guard depth < TraceBatch.maximumValueDepth else { return .empty }
        var reader = self
        var value = AnyValue.empty
        while let field = reader.nextField() {
            switch field {
            case .message(1, let content): value = .string(String(decoding: content, as: UTF8.self))
            case .scalar(2, let word): value = .bool(word != 0)
            case .scalar(3, let word): value = .int(Int64(bitPattern: word))
            case .scalar(4, let word): value = .double(Double(bitPattern: word))
            case .message(5, let content):
                value = NestedValueReader(bytes: content).readArray(depth: depth + 1)
            case .message(6, let content):
                value = NestedValueReader(bytes: content).readKeyValueList(depth: depth + 1)
            case .message(7, let content): value = .bytes(Array(content))
            default: break
            }
        }
        return value
    }

    private enum Field {
        case scalar(UInt64, UInt64)
        case message(UInt64, ArraySlice<UInt8>)
        case other
    }

    private mutating func nextField() -> Field? {
        guard !bytes.isEmpty, let tag = varint() else { return nil }
        switch tag & 7 {
        case 0:
            guard let word = varint() else { return nil }
            return .scalar(tag >> 3, word)
        case 1:
            guard bytes.count >= 8 else { return nil }
            var word: UInt64 = 0
            for (place, byte) in bytes.prefix(8).enumerated() {
                word |= UInt64(byte) << UInt64(8 * place)
            }
            bytes.removeFirst(8)
            return .scalar(tag >> 3, word)
        case 2:
            guard let length = varint(), length <= UInt64(bytes.count) else { return nil }
            let content = bytes.prefix(Int(length))
            bytes.removeFirst(Int(length))
            return .message(tag >> 3, content)
        case 5:
            guard bytes.count >= 4 else { return nil }
            bytes.removeFirst(4)
            return .other
        default: return nil
        }
    }

    private mutating func varint() -> UInt64? {
        var word: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = bytes.popFirst() {
            word |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return word }
            shift += 7
            if shift > 63 { return nil }
        }
        return nil
    }
}
