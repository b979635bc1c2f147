/// How many bytes of eight, in little-endian order, stand in a JSON string as they are, before the
/// first quotation mark, backslash or control character.
@inline(__always)
func bytesWithoutEscape(of word: UInt64) -> Int {
    (jsonEscapes(of: word) & 0x8080_8080_8080_8080).trailingZeroBitCount >> 3
}

/// The highest bit of each byte says whether it needs an escape. Above the lowest such byte it may
/// say so wrongly, because subtractions borrow upwards.
@inline(__always)
func jsonEscapes(of word: UInt64) -> UInt64 { jsonEscapesOfASCII(word) & ~word }

/// The same for bytes below 128; of the others the highest bit means nothing.
///
/// Turning bit 1 over puts the quotation mark next to the control characters.
@inline(__always)
private func jsonEscapesOfASCII(_ word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    return ((word ^ ones &* 0x02) &- ones &* 0x21) | ((word ^ ones &* 0x5C) &- ones)
}

extension RawSpan {
    /// The first index from `start` on of a byte that is a quotation mark, a backslash, a control
    /// character or not ASCII; the end if there is none.
    @inline(__always)
    func endOfPlainASCII(from start: Int) -> Int {
        var index = start
        while byteCount &- index >= 8 {
            let word = UInt64(littleEndian: rawWord(at: index))
            let special = (jsonEscapesOfASCII(word) | word) & 0x8080_8080_8080_8080
            if special != 0 { return index &+ special.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        return endOfPlainASCII(fromLastWord: index)
    }

    @inline(never)
    private func endOfPlainASCII(fromLastWord start: Int) -> Int {
        var index = start
        while index < byteCount {
            switch byte(at: index) {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), ..<0x20, 0x80...: return index
            default: index += 1
            }
        }
        return index
    }

    /// The string that begins here, behind its opening quotation mark; nil where it does not end as
    /// one.
    @inline(__always)
    func jsonText(from start: Int) -> JSONText? {
        let end = endOfPlainASCII(from: start)
        if end < byteCount, byte(at: end) == UInt8(ascii: "\"") {
            return JSONText(range: start..<end, hasEscapes: false, isValidUTF8: true)
        }
        return longJSONText(from: start, at: end)
    }

    /// Goes on at the first byte that is a character of its own kind; UTF-8 is judged at the end, at
    /// once.
    @inline(never)
    private func longJSONText(from start: Int, at place: Int) -> JSONText? {
        var hasEscapes = false
        var isASCII = true
        var place = place
        while place < byteCount {
            switch byte(at: place) {
            case UInt8(ascii: "\""):
                return JSONText(
                    range: start..<place, hasEscapes: hasEscapes,
                    isValidUTF8: isASCII || isUTF8(start, place &- start))
            case UInt8(ascii: "\\"):
                hasEscapes = true
                guard let end = endOfEscape(at: place) else { return nil }
                place = endOfPlainASCII(from: end)
            case 0x80...:
                isASCII = false
                place = endOfPlainText(from: place &+ 1)
            default: return nil
            }
        }
        return nil
    }

    /// The first index from `start` on of a quotation mark, a backslash or a control character.
    private func endOfPlainText(from start: Int) -> Int {
        var index = start
        while byteCount &- index >= 8 {
            let special =
                jsonEscapes(of: UInt64(littleEndian: rawWord(at: index))) & 0x8080_8080_8080_8080
            if special != 0 { return index &+ special.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        while index < byteCount {
            switch byte(at: index) {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), ..<0x20: return index
            default: index += 1
            }
        }
        return index
    }

    /// Where the escape that begins here ends; nil where it is none.
    private func endOfEscape(at start: Int) -> Int? {
        guard byteCount &- start >= 2 else { return nil }
        switch byte(at: start &+ 1) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
            UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return start &+ 2
        case UInt8(ascii: "u"):
            guard byteCount &- start >= 6 else { return nil }
            for place in 2..<6 where hexadecimalValue(of: byte(at: start &+ place)) == nil {
                return nil
            }
            return start &+ 6
        default: return nil
        }
    }
}

extension RawSpan {
    /// The first index of a backslash; the range's end if there is none.
    func firstBackslash(in range: Range<Int>) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var index = range.lowerBound
        while range.upperBound &- index >= 8 {
            let word = UInt64(littleEndian: rawWord(at: index)) ^ (ones &* 0x5C)
            let found = (word &- ones) & ~word & 0x8080_8080_8080_8080
            if found != 0 { return index &+ found.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        while index < range.upperBound, byte(at: index) != UInt8(ascii: "\\") { index += 1 }
        return index
    }
}
