extension JSONWriter {
    /// Writes an `AnyValue` in its JSON mapping.
    mutating func write(_ value: AnyValue) {
        beginObject()
        switch value {
        case .empty: break
        case .string(let text):
            name("stringValue")
            string(text)
        case .bool(let flag):
            name("boolValue")
            bool(flag)
        case .int(let number):
            name("intValue")
            text(number)
        case .double(let number):
            name("doubleValue")
            double(number)
        case .array(let elements):
            beginList("arrayValue", isEmpty: elements.isEmpty)
            for element in elements { write(element) }
            endList(isEmpty: elements.isEmpty)
        case .keyValueList(let entries):
            beginList("kvlistValue", isEmpty: entries.isEmpty)
            for entry in entries {
                beginObject()
                if !entry.key.isEmpty {
                    name("key")
                    string(entry.key)
                }
                name("value")
                write(entry.value)
                endObject()
            }
            endList(isEmpty: entries.isEmpty)
        case .bytes(let content):
            name("bytesValue")
            plain(content.base64)
        }
        endObject()
    }

    private mutating func beginList(_ member: StaticString, isEmpty: Bool) {
        name(member)
        beginObject()
        guard !isEmpty else { return }
        name("values")
        beginArray()
    }

    private mutating func endList(isEmpty: Bool) {
        if !isEmpty { endArray() }
        endObject()
    }
}

extension [UInt8] {
    /// Base64 of the standard alphabet, padded. Source: RFC 4648, section 4.
    var base64: [UInt8] {
        let digits = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        text.reserveCapacity((count + 2) / 3 * 4)
        for start in stride(from: 0, to: count, by: 3) {
            let length = Swift.min(3, count - start)
            var bits: UInt32 = 0
            for place in 0..<3 {
                bits = bits << 8 | (place < length ? UInt32(self[start + place]) : 0)
            }
            for place in 0..<4 {
                let digit = Int(bits >> UInt32(18 - 6 * place) & 63)
                text.append(place <= length ? digits[digit] : UInt8(ascii: "="))
            }
        }
        return text
    }
}
