extension RawSpan {
    /// Whether a range of these bytes is well-formed UTF-8.
    @inline(__always)
    func isUTF8(_ offset: Int, _ length: Int) -> Bool {
        if length < 8 {
            if shortWord(at: offset, length) & Self.highBits == 0 { return true }
        } else if length <= 16 {
            let words = rawWord(at: offset) | rawWord(at: offset + length - 8)
            if words & Self.highBits == 0 { return true }
        }
        return isLongUTF8(offset, length)
    }

    private static var highBits: UInt64 { 0x8080_8080_8080_8080 }

    @inline(never)
    private func isLongUTF8(_ offset: Int, _ length: Int) -> Bool {
        let end = offset + length
        var place = offset
        while end - place >= 64 {
            var bits = SIMD16<UInt8>()
            for quarter in 0..<4 {
                bits |= unsafe unsafeLoadUnaligned(
                    fromByteOffset: place + 16 * quarter, as: SIMD16<UInt8>.self)
            }
            let halves = unsafe unsafeBitCast(bits, to: SIMD2<UInt64>.self)
            if (halves.x | halves.y) & Self.highBits != 0 { return isMixedUTF8(place, end) }
            place += 64
        }
        guard length >= 8 else { return isMixedUTF8(offset, end) }
        // The last word overlaps the one before it.
        var bits = rawWord(at: end - 8)
        let rest = place
        while end - place > 8 {
            bits |= rawWord(at: place)
            place += 8
        }
        return bits & Self.highBits == 0 || isMixedUTF8(rest, end)
    }

    /// Eight bytes a turn: each is judged by its bits and those of the three bytes before it.
    private func isMixedUTF8(_ start: Int, _ end: Int) -> Bool {
        var faults: UInt64 = 0
        var earlier: UInt64 = 0
        var place = start
        if end - place >= 8 {
            earlier = UInt64(littleEndian: rawWord(at: place))
            faults = Self.utf8Faults(earlier, after: 0)
            place += 8
        }
        if end - place >= 16 {
            var wideFaults = WordPair()
            while end - place >= 16 {
                wideFaults |= Self.utf8Faults(
                    wordPair(at: place), wordPair(at: place &- 1), wordPair(at: place &- 2),
                    wordPair(at: place &- 3))
                place &+= 16
            }
            faults |= wideFaults.x | wideFaults.y
            earlier = UInt64(littleEndian: rawWord(at: place - 8))
        }
        while end - place >= 8 {
            let word = UInt64(littleEndian: rawWord(at: place))
            faults |= Self.utf8Faults(word, after: earlier)
            earlier = word
            place += 8
        }
        // At least one zero follows the text, and so a character that is cut off is a fault.
        let rest = shortWord(at: place, end - place)
        faults |= Self.utf8Faults(rest, after: earlier)
        return faults & Self.highBits == 0
    }

    @inline(__always)
    private static func utf8Faults(_ word: UInt64, after earlier: UInt64) -> UInt64 {
        let faults = utf8Faults(
            WordPair(word, 0), WordPair(word &<< 8 | earlier &>> 56, 0),
            WordPair(word &<< 16 | earlier &>> 48, 0), WordPair(word &<< 24 | earlier &>> 40, 0))
        return faults.x
    }

    /// Two words that are judged at once.
    private typealias WordPair = SIMD2<UInt64>

    @inline(__always)
    private func wordPair(at offset: Int) -> WordPair {
        unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: WordPair.self)
    }

    /// Sets the highest bit of bytes that Table 3-7 of the Unicode Standard does not allow where
    /// they are, or behind which it does not allow what follows. The other bits mean nothing.
    @inline(__always)
    private static func utf8Faults(
        _ word: WordPair, _ before: WordPair, _ twoBefore: WordPair, _ threeBefore: WordPair
    ) -> WordPair {
        let continuation = word & ~(word &<< 1)
        let lead = before & (before &<< 1)
        let leadOfThree = twoBefore & (twoBefore &<< 1) & (twoBefore &<< 2)
        let leadOfFour =
            threeBefore & (threeBefore &<< 1) & (threeBefore &<< 2) & (threeBefore &<< 3)
        var faults = (lead | leadOfThree | leadOfFour) ^ continuation

        let bit5 = before &<< 2
        let bit4 = before &<< 3
        let bit3 = before &<< 4
        let bit2 = before &<< 5
        let bit1 = before &<< 6
        let bit0 = before &<< 7
        let low = bit2 | bit1 | bit0 | bit3
        let three = lead & bit5 & ~bit4
        let four = lead & bit5 & bit4
        // The second byte is A0 or more, and 90 or more.
        let atLeastA0 = word &<< 2
        let atLeast90 = atLeastA0 | (word &<< 3)
        faults |= lead & ~bit5 & ~(bit4 | bit3 | bit2 | bit1)  // C0, C1
        faults |= three & ~low & ~atLeastA0  // E0
        faults |= three & bit3 & bit2 & ~bit1 & bit0 & atLeastA0  // ED
        faults |= four & ~low & ~atLeast90  // F0
        faults |= four & ~bit3 & bit2 & ~bit1 & ~bit0 & atLeast90  // F4
        faults |= four & (bit3 | bit2 & (bit1 | bit0))  // F5 and above
        return faults
    }
}
