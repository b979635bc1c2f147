/// Protobuf by hand, for bodies that no encoder would write.
enum Wire {
    static func varint(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    /// A varint with so many bytes more than it needs.
    static func long(_ value: UInt64, extra: Int) -> [UInt8] {
        var bytes = varint(value)
        for _ in 0..<extra {
            bytes[bytes.count - 1] |= 0x80
            bytes.append(0)
        }
        return bytes
    }

    static func tag(_ number: UInt64, _ type: UInt64) -> [UInt8] { varint(number << 3 | type) }

    static func number(_ field: UInt64, _ value: UInt64) -> [UInt8] {
        tag(field, 0) + varint(value)
    }

    static func fixed64(_ field: UInt64, _ value: UInt64) -> [UInt8] {
        tag(field, 1) + (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }

    static func fixed32(_ field: UInt64, _ value: UInt32) -> [UInt8] {
        tag(field, 5) + (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
    }

    static func bytes(_ field: UInt64, _ content: [UInt8]) -> [UInt8] {
        tag(field, 2) + varint(UInt64(content.count)) + content
    }

    static func text(_ field: UInt64, _ content: String) -> [UInt8] {
        bytes(field, Array(content.utf8))
    }

    static func group(_ field: UInt64, _ content: [UInt8]) -> [UInt8] {
        tag(field, 3) + content + tag(field, 4)
    }

    // MARK: The messages around a part, with nothing else in them.

    static let ids =
        bytes(1, Array(repeating: 1, count: 16)) + bytes(2, Array(repeating: 2, count: 8))

    /// A request with one span that has these fields.
    static func request(span fields: [UInt8]) -> [UInt8] {
        request(scopeSpans: bytes(2, fields))
    }

    static func request(scopeSpans fields: [UInt8]) -> [UInt8] { bytes(1, bytes(2, fields)) }

    static func request(resourceSpans fields: [UInt8]) -> [UInt8] { bytes(1, fields) }

    /// A request with one span that has one attribute with these fields.
    static func request(attribute fields: [UInt8]) -> [UInt8] {
        request(span: ids + bytes(9, fields))
    }

    /// A request with one span that has one attribute `k` whose value has these fields.
    static func request(value fields: [UInt8]) -> [UInt8] {
        request(attribute: text(1, "k") + bytes(2, fields))
    }
}
