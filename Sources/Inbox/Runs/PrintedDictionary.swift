/// Reads a flat dictionary as Python prints it or as JSON writes it.
///
/// LiteLLM records the headers of a request as `str(dict)`: single quotes, or double ones around
/// text that holds a single quote. The reader is total: whatever is neither form gives nil.
///
/// Source: https://docs.python.org/3/reference/lexical_analysis.html, "String and Bytes literals";
/// RFC 8259, section 7.
struct PrintedDictionary {
    struct Entry {
        var key: String
        var value: String
    }

    private var rest: ArraySlice<UInt8>

    /// The entries whose value is text or a bare word such as a number, in order.
    static func entries(of bytes: ArraySlice<UInt8>) -> [Entry]? {
        var reader = PrintedDictionary(rest: bytes)
        return reader.dictionary()
    }

    private mutating func dictionary() -> [Entry]? {
        var entries: [Entry] = []
        guard take("{") else { return nil }
        if take("}") { return isAtEnd ? entries : nil }
        while true {
            guard let key = quoted(), take(":"), let value = quoted() ?? bareWord() else {
                return nil
            }
            entries.append(Entry(key: key, value: value))
            if take(",") {
                if take("}") { return isAtEnd ? entries : nil }
            } else {
                return take("}") && isAtEnd ? entries : nil
            }
        }
    }

    private var isAtEnd: Bool { rest.allSatisfy(isSpace) }

    private mutating func skipSpace() {
        rest = rest.drop(while: isSpace)
    }

    private mutating func take(_ wanted: Unicode.Scalar) -> Bool {
        skipSpace()
        guard rest.first == UInt8(ascii: wanted) else { return false }
        rest.removeFirst()
        return true
    }

    /// `None`, `True`, `null`, `12`: kept as they stand; what is nested is refused.
    private mutating func bareWord() -> String? {
        skipSpace()
        let word = rest.prefix { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"),
                UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard !word.isEmpty else { return nil }
        rest = rest[word.endIndex...]
        let text = String(decoding: word, as: UTF8.self)
        return text == "None" || text == "null" ? "" : text
    }

    private mutating func quoted() -> String? {
        skipSpace()
        guard let quote = rest.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"")
        else { return nil }
        rest.removeFirst()
        var text: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case quote: return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard escape(into: &text) else { return nil }
            default: text.append(byte)
            }
        }
        return nil
    }

    private mutating func escape(into text: inout [UInt8]) -> Bool {
        guard let letter = rest.popFirst() else { return false }
        switch letter {
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "a"): text.append(0x07)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "v"): text.append(0x0B)
        case UInt8(ascii: "x"): return appendScalar(digits: 2, to: &text)
        case UInt8(ascii: "U"): return appendScalar(digits: 8, to: &text)
        case UInt8(ascii: "u"): return appendScalar(digits: 4, to: &text)
        default: text.append(letter)
        }
        return true
    }

    /// Half a surrogate pair alone becomes U+FFFD, as does a number that is no character.
    private mutating func appendScalar(digits: Int, to text: inout [UInt8]) -> Bool {
        guard var number = hexadecimal(digits) else { return false }
        if digits == 4, 0xD800...0xDBFF ~= number, rest.starts(with: [0x5C, 0x75]) {
            let before = rest
            rest.removeFirst(2)
            if let low = hexadecimal(4), 0xDC00...0xDFFF ~= low {
                number = 0x10000 + (number - 0xD800) << 10 + (low - 0xDC00)
            } else {
                rest = before
            }
        }
        let scalar = Unicode.Scalar(number) ?? "\u{FFFD}"
        text.append(contentsOf: String(Character(scalar)).utf8)
        return true
    }

    private mutating func hexadecimal(_ count: Int) -> UInt32? {
        let digits = rest.prefix(count)
        guard digits.count == count else { return nil }
        var number: UInt32 = 0
        for digit in digits {
            guard let value = Character(Unicode.Scalar(digit)).hexDigitValue else { return nil }
            number = number << 4 | UInt32(truncatingIfNeeded: value)
        }
        rest.removeFirst(count)
        return number
    }
}

private func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
}
