extension RawSpan {
    /// The first index of a quotation mark, a backslash or a control character; the end if there
    /// is none.
    ///
    /// The strides grow while nothing is found: most texts have either many such bytes or hardly
    /// any.
    @inline(__always)
    func endOfPlainText(from start: Int) -> Int {
        var index = start
        var steps = 0
        while steps < 2, byteCount &- index >= 64, isPlainBlock(at: index) {
            index &+= 64
            steps &+= 1
        }
        if steps == 2 { skipPlainText(&index) }
        while byteCount &- index >= 8 {
            let marks = Self.marks(word(at: index)) & Self.highs
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

    @inline(never)
    private func skipPlainText(_ index: inout Int) {
        while byteCount &- index >= 512, isPlainStretch(at: index, half: 256) { index &+= 512 }
        while byteCount &- index >= 256, isPlainStretch(at: index, half: 128) { index &+= 256 }
        while byteCount &- index >= 64, isPlainBlock(at: index) { index &+= 64 }
    }

    private static var highs: UInt64 { 0x8080_8080_8080_8080 }

    /// None of 64 bytes ends a plain text.
    @inline(__always)
    private func isPlainBlock(at index: Int) -> Bool {
        let marks = Self.marks(unsafeLoadUnaligned(fromByteOffset: index, as: SIMD8<UInt64>.self))
        let half = marks.lowHalf | marks.highHalf
        let quarter = half.lowHalf | half.highHalf
        return (quarter.x | quarter.y) & Self.highs == 0
    }

    /// No byte of a stretch ends a plain text. The loop has no exit, so that the compiler makes it
    /// one of vectors, and goes through both halves at a time, so that it unrolls it.
    @inline(__always)
    private func isPlainStretch(at index: Int, half: Int) -> Bool {
        extracting(index..<index &+ 2 &* half).withUnsafeBytes { bytes in
            // With its second bit turned, a quotation mark is a space, and a space is none.
            var small: UInt8 = 0xFF
            var slash: UInt8 = 0xFF
            for place in 0..<half {
                let (left, right) = (bytes[place], bytes[place &+ half])
                small = min(small, min(left ^ 0x02, right ^ 0x02))
                slash = min(
                    slash, min(left ^ UInt8(ascii: "\\"), right ^ UInt8(ascii: "\\")))
            }
            // Without a branch, for which the compiler would keep all vectors aside.
            return (UInt16(small) &+ (0x100 - 0x21)) &>> 8 &* UInt16(slash) != 0
        }
    }

    /// The highest bit of each byte says whether it is a quotation mark, a backslash or a control
    /// character. Above the lowest such byte it may say so wrongly, because subtractions borrow.
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
