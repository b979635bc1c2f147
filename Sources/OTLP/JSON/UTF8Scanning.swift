/// How many bytes of eight, in little-endian order, stand in a JSON string as they are, before the
/// first quotation mark, backslash or control character.
@inline(__always)
func bytesWithoutEscape(of word: UInt64) -> Int {
    (jsonEscapes(of: word) & 0x8080_8080_8080_8080).trailingZeroBitCount >> 3
}

/// The highest bit of each byte says whether it needs an escape. Above the lowest such byte it may
/// say so wrongly, because subtractions borrow upwards.
@inline(__always)
func jsonEscapes(of word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
    let slashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
    return (word &- ones &* 0x20) & ~word | (quotes &- ones) & ~quotes
        | (slashes &- ones) & ~slashes
}

extension RawSpan {
    /// The first index from `start` on of a byte that is a quotation mark, a backslash, a control
    /// character or not ASCII; the end if there is none.
    @inline(__always)
    func endOfPlainASCII(from start: Int) -> Int {
        let highs: UInt64 = 0x8080_8080_8080_8080
        var index = start
        while byteCount &- index >= 8 {
            let word = UInt64(littleEndian: rawWord(at: index))
            let special = (jsonEscapes(of: word) | word) & highs
            if special != 0 { return index &+ special.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        while index < byteCount {
            switch byte(at: index) {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), ..<0x20, 0x80...: return index
            default: index += 1
            }
        }
        return index
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

extension [UInt8] {
    /// How many bytes the well-formed UTF-8 sequence at this index has; 0 if it is ill-formed.
    ///
    /// Source: The Unicode Standard, table 3-7.
    func lengthOfUTF8Sequence(at index: Int) -> Int {
        let lead = self[index]
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case ..<0x80: return 1
        case 0xC2...0xDF: length = 2
        case 0xE0:
            length = 3
            second = 0xA0...0xBF
        case 0xED:
            length = 3
            second = 0x80...0x9F
        case 0xE1...0xEF: length = 3
        case 0xF0:
            length = 4
            second = 0x90...0xBF
        case 0xF4:
            length = 4
            second = 0x80...0x8F
        case 0xF1...0xF3: length = 4
        default: return 0
        }
        guard count - index >= length, second.contains(self[index + 1]) else { return 0 }
        for place in 2..<Swift.max(length, 2) where self[index + place] & 0xC0 != 0x80 { return 0 }
        return length
    }
}
