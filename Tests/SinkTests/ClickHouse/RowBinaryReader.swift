/// Reads rows in ClickHouse's RowBinary format, by the types of their columns.
struct RowBinaryReader {
    enum Value: Hashable, Sendable {
        case text(String)
        case signed(Int64)
        case unsigned(UInt64)
        case double(Double)
        case list([Value])
        case map([String: String])
    }

    struct Malformed: Error {
        var offset: Int
        var reason: String
    }

    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// All rows, each by the names of its columns.
    static func rows(
        _ bytes: [UInt8], columns: [(name: String, type: String)]
    ) throws -> [[String: Value]] {
        var reader = RowBinaryReader(bytes)
        var rows: [[String: Value]] = []
        while reader.offset < bytes.count {
            var row: [String: Value] = [:]
            for column in columns { row[column.name] = try reader.value(column.type) }
            rows.append(row)
        }
        return rows
    }

    private mutating func value(_ type: String) throws -> Value {
        if let element = inner(type, "Array") {
            return .list(try (0..<count()).map { _ in try value(element) })
        }
        if let plain = inner(type, "LowCardinality") { return try value(plain) }
        switch type {
        case "String": return .text(try text())
        case "DateTime64(9)", "Int64": return .signed(Int64(bitPattern: try word(8)))
        case "UInt64": return .unsigned(try word(8))
        case "UInt32": return .unsigned(try word(4))
        case "UInt8", "Bool": return .unsigned(try word(1))
        case "Float64": return .double(Double(bitPattern: try word(8)))
        case "Map(LowCardinality(String), String)":
            var map: [String: String] = [:]
            for _ in 0..<(try count()) {
                let key = try text()
                map[key] = try text()
            }
            return .map(map)
        default: throw Malformed(offset: offset, reason: "an unknown type \(type)")
        }
    }

    private func inner(_ type: String, _ name: String) -> String? {
        guard type.hasPrefix(name + "("), type.hasSuffix(")") else { return nil }
        return String(type.dropFirst(name.count + 1).dropLast())
    }

    private mutating func text() throws -> String {
        let length = try count()
        guard length <= bytes.count - offset else {
            throw Malformed(offset: offset, reason: "a text of \(length) bytes")
        }
        defer { offset += length }
        return String(decoding: bytes[offset..<offset + length], as: UTF8.self)
    }

    private mutating func count() throws -> Int {
        var count: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 63, by: 7) {
            let byte = try word(1)
            count |= (byte & 0x7F) << shift
            if byte < 0x80 { return Int(count) }
        }
        throw Malformed(offset: offset, reason: "a length without end")
    }

    private mutating func word(_ length: Int) throws -> UInt64 {
        guard length <= bytes.count - offset else {
            throw Malformed(offset: offset, reason: "the end of the rows")
        }
        defer { offset += length }
        return bytes[offset..<offset + length].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
