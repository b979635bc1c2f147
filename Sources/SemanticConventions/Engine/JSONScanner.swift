/// Walks over a JSON text without reading anything out of it; strict, and without recursion.
///
/// Each function begins at the next value, and returns false or nil where the text is no JSON or is
/// deeper than 60.
struct JSONScanner {
    /// A string between its quotation marks.
    struct Text {
        var range: Range<Int>
        var hasEscapes: Bool
    }

    var place = 0

    @inline(__always)
    mutating func skipSpace(_ text: RawSpan) {
        while place < text.byteCount {
            switch text.byte(at: place) {
            case 0x20, 0x0A, 0x0D, 0x09: place += 1
            default: return
            }
        }
    }

    /// The first byte of the next value; 0 at the end.
    @inline(__always)
    mutating func next(_ text: RawSpan) -> UInt8 {
        skipSpace(text)
        return place < text.byteCount ? text.byte(at: place) : 0
    }

    /// Goes past a mark if it comes next.
    @inline(__always)
    mutating func take(_ wanted: Unicode.Scalar, _ text: RawSpan) -> Bool {
        guard next(text) == UInt8(ascii: wanted) else { return false }
        place += 1
        return true
    }

    /// Goes past the first of some texts that stands here.
    @inline(__always)
    mutating func take(oneOf wanted: [LiteralText], in text: RawSpan) -> Bool {
        for index in wanted.indices where wanted[index].stands(at: place, in: text) {
            place &+= wanted[index].length
            return true
        }
        return false
    }

    /// An array with at least one element.
    @inline(__always)
    mutating func array(
        _ text: RawSpan, _ element: (inout JSONScanner) -> Bool
    ) -> Bool {
        guard take("[", text) else { return false }
        repeat {
            guard element(&self) else { return false }
        } while take(",", text)
        return take("]", text)
    }

    /// An object with at least one member, whose names have no escapes.
    @inline(__always)
    mutating func object(
        _ text: RawSpan, _ member: (Range<Int>, inout JSONScanner) -> Bool
    ) -> Bool {
        guard take("{", text) else { return false }
        repeat {
            guard let name = string(text), !name.hasEscapes, take(":", text),
                member(name.range, &self)
            else { return false }
        } while take(",", text)
        return take("}", text)
    }

    mutating func string(_ text: RawSpan) -> Text? {
        guard take("\"", text) else { return nil }
        let start = place
        var hasEscapes = false
        while true {
            place = text.endOfPlainText(from: place)
            guard place < text.byteCount else { return nil }
            let byte = text.byte(at: place)
            if byte == UInt8(ascii: "\"") {
                place += 1
                return Text(range: start..<place - 1, hasEscapes: hasEscapes)
            }
            guard byte == UInt8(ascii: "\\"), skipEscape(text) else { return nil }
            hasEscapes = true
        }
    }

    private mutating func skipEscape(_ text: RawSpan) -> Bool {
        place += 1
        guard place < text.byteCount else { return false }
        let byte = text.byte(at: place)
        place += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
            UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return true
        case UInt8(ascii: "u"):
            for _ in 0..<4 {
                guard place < text.byteCount, text.byte(at: place).isHexadecimalDigit else {
                    return false
                }
                place += 1
            }
            return true
        default: return false
        }
    }

    /// Any value.
    mutating func value(_ text: RawSpan) -> Bool {
        // A bit for each open container: 1 for objects.
        var open: UInt64 = 0
        var depth = 0
        while true {
            switch next(text) {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                let isObject = text.byte(at: place) == UInt8(ascii: "{")
                place += 1
                guard depth < 60 else { return false }
                depth += 1
                open = open << 1 | (isObject ? 1 : 0)
                if take(isObject ? "}" : "]", text) {
                    depth -= 1
                    open >>= 1
                    break
                }
                if isObject, !name(text) { return false }
                continue
            default: guard scalar(text) else { return false }
            }
            while true {
                guard depth > 0 else { return true }
                if take(",", text) {
                    if open & 1 == 1, !name(text) { return false }
                    break
                }
                guard take(open & 1 == 1 ? "}" : "]", text) else { return false }
                depth -= 1
                open >>= 1
            }
        }
    }

    private mutating func name(_ text: RawSpan) -> Bool {
        guard string(text) != nil else { return false }
        return take(":", text)
    }

    private mutating func scalar(_ text: RawSpan) -> Bool {
        switch next(text) {
        case UInt8(ascii: "\""): return string(text) != nil
        case UInt8(ascii: "t"): return literal("true", text)
        case UInt8(ascii: "f"): return literal("false", text)
        case UInt8(ascii: "n"): return literal("null", text)
        default: return number(text)
        }
    }

    private mutating func literal(_ word: StaticString, _ text: RawSpan) -> Bool {
        let end = place + word.utf8CodeUnitCount
        guard end <= text.byteCount, text.holds(word, in: place..<end) else { return false }
        place = end
        return true
    }

    private mutating func number(_ text: RawSpan) -> Bool {
        func peek() -> UInt8 { place < text.byteCount ? text.byte(at: place) : 0 }
        func digits() -> Bool {
            let start = place
            while (48...57).contains(peek()) { place += 1 }
            return place > start
        }
        if peek() == UInt8(ascii: "-") { place += 1 }
        if peek() == UInt8(ascii: "0") {
            place += 1
        } else if !digits() {
            return false
        }
        if peek() == UInt8(ascii: ".") {
            place += 1
            guard digits() else { return false }
        }
        if peek() | 0x20 == UInt8(ascii: "e") {
            place += 1
            if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { place += 1 }
            guard digits() else { return false }
        }
        return true
    }
}

extension RawSpan {
    /// These bytes stand in the range, which is as long.
    @inline(__always)
    func holds(_ text: StaticString, in range: Range<Int>) -> Bool {
        text.withUTF8Buffer { wanted in
            var place = range.lowerBound
            for byte in wanted {
                if self.byte(at: place) != byte { return false }
                place &+= 1
            }
            return true
        }
    }
}

extension UInt8 {
    fileprivate var isHexadecimalDigit: Bool {
        (48...57).contains(self) || (65...70).contains(self) || (97...102).contains(self)
    }
}
