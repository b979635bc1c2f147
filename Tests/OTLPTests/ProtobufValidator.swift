/// A second, slow reading of the wire rules, to compare the decoder with.
///
/// It knows of the schema only which fields hold messages, and it notes where libprotobuf-c
/// deliberately differs, so that the three can be compared on any bytes.
struct ProtobufValidator {
    /// Where libprotobuf-c 1.4 judges otherwise than the rules that hold here.
    struct Differences: OptionSet {
        let rawValue: Int
        /// It refuses groups.
        static let group = Differences(rawValue: 1)
        /// It refuses a known field of another wire type, which is an unknown field here.
        static let wireType = Differences(rawValue: 2)
        /// It refuses lengths of more than five bytes, be they small.
        static let longLength = Differences(rawValue: 4)
        /// It takes text that is not UTF-8 as it is, and ends text at a zero byte.
        static let text = Differences(rawValue: 8)
        /// It forgets an array or list that is set twice, which is merged here.
        static let memberTwice = Differences(rawValue: 16)
        /// It takes field number 0 for an unknown field.
        static let fieldZero = Differences(rawValue: 32)
        /// It reads 35 bits of a tag and drops the highest three.
        static let largeTag = Differences(rawValue: 64)
        /// It forgets unknown fields and some numbers of a message when another part of that
        /// message follows.
        static let parts = Differences(rawValue: 128)
    }

    private struct Malformed: Error {}

    private let body: [UInt8]
    private(set) var differences: Differences = []
    private(set) var isValid = true

    init(_ body: [UInt8]) {
        self.body = body
        do { try message("request", 0..<body.count) } catch { isValid = false }
        // What comes behind the first fault may matter to a parser that does not see the fault.
    }

    private static let messages: [String: [UInt64: String]] = [
        "request": [1: "resourceSpans"],
        "resourceSpans": [1: "resource", 2: "scopeSpans", 3: "text"],
        "resource": [1: "keyValue", 2: "varint"],
        "scopeSpans": [1: "scope", 2: "span", 3: "text"],
        "scope": [1: "text", 2: "text", 3: "keyValue", 4: "varint"],
        "span": [
            1: "bytes", 2: "bytes", 3: "text", 4: "bytes", 5: "text", 6: "varint", 7: "fixed64",
            8: "fixed64", 9: "keyValue", 10: "varint", 11: "event", 12: "varint", 13: "link",
            14: "varint", 15: "status", 16: "fixed32",
        ],
        "event": [1: "fixed64", 2: "text", 3: "keyValue", 4: "varint"],
        "link": [1: "bytes", 2: "bytes", 3: "text", 4: "keyValue", 5: "varint", 6: "fixed32"],
        "status": [2: "text", 3: "varint"],
        "keyValue": [1: "text", 2: "anyValue"],
        "anyValue": [
            1: "text", 2: "varint", 3: "varint", 4: "fixed64", 5: "arrayValue",
            6: "keyValueList", 7: "bytes",
        ],
        "arrayValue": [1: "anyValue"],
        "keyValueList": [1: "keyValue"],
    ]

    private static let wireTypes: [String: UInt64] = ["varint": 0, "fixed64": 1, "fixed32": 5]

    private mutating func message(_ name: String, _ range: Range<Int>) throws {
        var at = range.lowerBound
        var members: Set<UInt64> = []
        var parts: Set<String> = []
        while at < range.upperBound {
            let (number, type) = try tag(&at, range.upperBound)
            let kind = Self.messages[name]?[number]
            if let kind, Self.wireTypes[kind] ?? 2 != type { differences.insert(.wireType) }
            guard let kind, type == 2, Self.wireTypes[kind] == nil else {
                try skip(number, type, &at, range.upperBound, depth: 0)
                continue
            }
            let content = try length(&at, range.upperBound)
            at = content.upperBound
            if kind == "text" {
                let text = body[content]
                if text.contains(0) || String(validating: text, as: UTF8.self) == nil {
                    differences.insert(.text)
                }
            } else if kind != "bytes" {
                if name == "anyValue", !members.insert(number).inserted {
                    differences.insert(.memberTwice)
                }
                if name == "keyValue", !members.insert(number).inserted {
                    differences.insert(.memberTwice)
                }
                if ["resource", "scope", "status"].contains(kind) {
                    if parts.contains(kind) { differences.insert(.parts) }
                    if !content.isEmpty { parts.insert(kind) }
                }
                try message(kind, content)
            }
        }
    }

    private mutating func tag(_ at: inout Int, _ end: Int) throws -> (UInt64, UInt64) {
        let start = at
        let word = try varint(&at, end)
        if at - start > 5 { throw Malformed() }
        if word > UInt64(UInt32.max) {
            differences.insert(.largeTag)
            throw Malformed()
        }
        if word >> 3 == 0 {
            differences.insert(.fieldZero)
            throw Malformed()
        }
        return (word >> 3, word & 7)
    }

    private func varint(_ at: inout Int, _ end: Int) throws -> UInt64 {
        var word: UInt64 = 0
        for place in 0..<10 {
            guard at < end else { throw Malformed() }
            let byte = body[at]
            at += 1
            word |= UInt64(byte & 0x7F) << UInt64(7 * place)
            if byte < 0x80 { return word }
        }
        throw Malformed()
    }

    private mutating func length(_ at: inout Int, _ end: Int) throws -> Range<Int> {
        let start = at
        let length = try varint(&at, end)
        if at - start > 5 { differences.insert(.longLength) }
        guard length <= UInt64(end - at) else { throw Malformed() }
        return at..<at + Int(length)
    }

    private mutating func skip(
        _ number: UInt64, _ type: UInt64, _ at: inout Int, _ end: Int, depth: Int
    ) throws {
        switch type {
        case 0: _ = try varint(&at, end)
        case 1: at += 8
        case 2: at = try length(&at, end).upperBound
        case 3:
            differences.insert(.group)
            guard depth < 100 else { throw Malformed() }
            while true {
                let (inner, innerType) = try tag(&at, end)
                if innerType == 4 {
                    guard inner == number else { throw Malformed() }
                    return
                }
                try skip(inner, innerType, &at, end, depth: depth + 1)
            }
        case 5: at += 4
        default: throw Malformed()
        }
        if at > end { throw Malformed() }
    }
}
