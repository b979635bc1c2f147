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

    @inline(__always)
    private mutating func take(_ wanted: Unicode.Scalar, _ text: RawSpan) -> Bool {
        guard next(text) == UInt8(ascii: wanted) else { return false }
        place += 1
        return true
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

    /// The first index of a quotation mark, a backslash or a control character; the end if there
    /// is none.
    @inline(__always)
    func endOfPlainText(from start: Int) -> Int {
        let highs: UInt64 = 0x8080_8080_8080_8080
        var index = start
        while byteCount &- index >= 64 {
            let block = unsafeLoadUnaligned(fromByteOffset: index, as: SIMD8<UInt64>.self)
            let marks = Self.marks(block)
            let half = marks.lowHalf | marks.highHalf
            let quarter = half.lowHalf | half.highHalf
            if (quarter.x | quarter.y) & highs != 0 { break }
            index &+= 64
        }
        while byteCount &- index >= 8 {
            let marks = Self.marks(word(at: index)) & highs
            if marks != 0 { return index &+ marks.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        while index < byteCount {
            switch byte(at: index) {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), ..<0x20: return index
            default: index &+= 1
            }
        }
        return index
    }

    /// The highest bit of each byte says whether it is a quotation mark, a backslash or a control
    /// character. Above the lowest such byte it may say so wrongly, because subtractions borrow.
    ///
    /// With its second bit turned, a quotation mark is a space, and a space is none.
    @inline(__always)
    private static func marks(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let small = (word ^ ones &* 0x02) &- ones &* 0x21
        let slashes = (word ^ ones &* 0x5C) &- ones
        return (small | slashes) & ~word
    }

    /// The same for 64 bytes, whose order does not matter to those who ask whether there is any.
    @inline(__always)
    private static func marks(_ block: SIMD8<UInt64>) -> SIMD8<UInt64> {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let small =
            (block ^ SIMD8(repeating: ones &* 0x02)) &- SIMD8(repeating: ones &* 0x21)
        let slashes = (block ^ SIMD8(repeating: ones &* 0x5C)) &- SIMD8(repeating: ones)
        return (small | slashes) & ~block
    }
}

extension UInt8 {
    fileprivate var isHexadecimalDigit: Bool {
        (48...57).contains(self) || (65...70).contains(self) || (97...102).contains(self)
    }
}
