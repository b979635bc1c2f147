public import OTLP

/// Values in the notation of Python's `repr`, as some libraries write dictionaries and lists.
///
/// Source: the Python language reference, "Literals" and "Atoms".
public enum PythonLiteral {
    /// The value of a literal: None, True, False, numbers, strings, lists, tuples and dictionaries.
    ///
    /// Tuples become arrays, bytes become strings of their text. Dictionary keys that are not
    /// strings become their literal text. Nil for everything else, such as names and calls, and
    /// for literals nested deeper than 128.
    public static func parse(_ text: String) -> JSONValue? {
        var reader = PythonReader(text)
        guard let value = reader.value(depth: 0), reader.isAtEnd else { return nil }
        return value
    }
}

private struct PythonReader {
    private let bytes: [UInt8]
    private var place = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return place == bytes.count
        }
    }

    private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 32 || (9...13).contains(byte) { place += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard next == UInt8(ascii: character) else { return false }
        place += 1
        return true
    }

    mutating func value(depth: Int) -> JSONValue? {
        guard depth < 128 else { return nil }
        skipSpace()
        switch next {
        case UInt8(ascii: "["):
            place += 1
            return elements(closing: "]", depth: depth).map { .array($0.elements) }
        case UInt8(ascii: "("):
            place += 1
            guard let (elements, hasComma) = elements(closing: ")", depth: depth) else {
                return nil
            }
            return elements.count == 1 && !hasComma ? elements[0] : .array(elements)
        case UInt8(ascii: "{"):
            place += 1
            return dictionary(depth: depth)
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return strings()
        case .some(let byte) where isNumberStart(byte): return number()
        case .some: return word()
        case nil: return nil
        }
    }

    private mutating func elements(
        closing: Unicode.Scalar, depth: Int
    ) -> (elements: [JSONValue], hasComma: Bool)? {
        var elements: [JSONValue] = []
        var hasComma = false
        while !take(closing) {
            guard elements.isEmpty || hasComma, let element = value(depth: depth + 1) else {
                return nil
            }
            elements.append(element)
            hasComma = take(",")
        }
        return (elements, hasComma)
    }

    private mutating func dictionary(depth: Int) -> JSONValue? {
        var members: [JSONValue.Member] = []
        var hasComma = true
        while !take("}") {
            guard hasComma, let key = value(depth: depth + 1), take(":"),
                let value = value(depth: depth + 1)
            else { return nil }
            members.append(JSONValue.Member(key.string ?? key.text, value))
            hasComma = take(",")
        }
        return .object(members)
    }

    /// One or more strings side by side, which Python joins.
    private mutating func strings() -> JSONValue? {
        var joined = ""
        while next == UInt8(ascii: "'") || next == UInt8(ascii: "\"") {
            guard let text = string(isRaw: false) else { return nil }
            joined += text
            skipSpace()
        }
        return .string(joined)
    }

    private mutating func string(isRaw: Bool) -> String? {
        guard let quote = next else { return nil }
        var width = 1
        if place + 2 < bytes.count, bytes[place + 1] == quote, bytes[place + 2] == quote {
            width = 3
        }
        place += width
        var text: [UInt8] = []
        while let byte = next {
            if byte == quote, isClosing(quote, width) {
                place += width
                return String(decoding: text, as: UTF8.self)
            }
            place += 1
            if byte == UInt8(ascii: "\\"), !isRaw {
                guard appendEscape(to: &text) else { return nil }
            } else {
                text.append(byte)
            }
        }
        return nil
    }

    private func isClosing(_ quote: UInt8, _ width: Int) -> Bool {
        place + width <= bytes.count && bytes[place..<place + width].allSatisfy { $0 == quote }
    }

    private mutating func appendEscape(to text: inout [UInt8]) -> Bool {
        guard let escape = next else { return false }
        place += 1
        switch escape {
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "a"): text.append(7)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "v"): text.append(11)
        case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): text.append(escape)
        case 10: break
        case UInt8(ascii: "x"): return appendScalar(digits: 2, to: &text)
        case UInt8(ascii: "u"): return appendScalar(digits: 4, to: &text)
        case UInt8(ascii: "U"): return appendScalar(digits: 8, to: &text)
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            var code = UInt32(escape - 48)
            for _ in 0..<2 {
                guard let digit = next, (48...55).contains(digit) else { break }
                code = code * 8 + UInt32(digit - 48)
                place += 1
            }
            append(code, to: &text)
        default: text += [UInt8(ascii: "\\"), escape]
        }
        return true
    }

    private mutating func appendScalar(digits: Int, to text: inout [UInt8]) -> Bool {
        guard place + digits <= bytes.count,
            let code = UInt32(
                String(decoding: bytes[place..<place + digits], as: UTF8.self), radix: 16)
        else { return false }
        place += digits
        append(code, to: &text)
        return true
    }

    private func append(_ code: UInt32, to text: inout [UInt8]) {
        text += Array(String(Character(Unicode.Scalar(code) ?? "\u{FFFD}")).utf8)
    }

    private func isNumberStart(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
            || byte == UInt8(ascii: ".")
    }

    private mutating func number() -> JSONValue? {
        let start = place
        while let byte = next,
            isNumberStart(byte) || byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E")
                || byte == UInt8(ascii: "_")
        { place += 1 }
        let digits = bytes[start..<place].filter { $0 != UInt8(ascii: "_") }
        let text = String(decoding: digits, as: UTF8.self)
        if text == "-", let word = word() {
            if case .double(let number) = word { return .double(-number) }
            return nil
        }
        if let number = Int64(text) { return .int(number) }
        return Double(text).map { .double($0) }
    }

    private mutating func word() -> JSONValue? {
        let start = place
        while let byte = next,
            (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "_")
        { place += 1 }
        let name = String(decoding: bytes[start..<place], as: UTF8.self)
        switch name {
        case "None": return .null
        case "True": return .bool(true)
        case "False": return .bool(false)
        case "nan": return .double(.nan)
        case "inf": return .double(.infinity)
        case "b", "u", "r", "rb", "br":
            guard next == UInt8(ascii: "'") || next == UInt8(ascii: "\"") else { return nil }
            return string(isRaw: name.contains("r")).map { .string($0) }
        default: return nil
        }
    }
}
