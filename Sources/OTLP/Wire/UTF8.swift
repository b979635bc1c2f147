extension RawSpan {
    /// Whether a range of these bytes is well-formed UTF-8.
    @inline(__always)
    func isUTF8(_ offset: Int, _ length: Int) -> Bool {
        if length < 8 { return isShortUTF8(offset, length) }
        if length <= 16 {
            let words = rawWord(at: offset) | rawWord(at: offset + length - 8)
            if words & Self.highBits == 0 { return true }
        }
        return isLongUTF8(offset, length)
    }

    private static var highBits: UInt64 { 0x8080_8080_8080_8080 }

    @inline(__always)
    private func isShortUTF8(_ offset: Int, _ length: Int) -> Bool {
        var bits: UInt8 = 0
        for place in offset..<offset + length { bits |= byte(at: place) }
        return bits < 0x80 || isLongUTF8(offset, length)
    }

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
            if (halves.x | halves.y) & Self.highBits != 0 { break }
            place += 64
        }
        return isScalarUTF8(place, end)
    }

    /// Table 3-7 of the Unicode Standard, one scalar after the other.
    private func isScalarUTF8(_ start: Int, _ end: Int) -> Bool {
        var place = start
        while place < end {
            let first = byte(at: place)
            if first < 0x80 {
                place += 1
                while end - place >= 8, rawWord(at: place) & Self.highBits == 0 { place += 8 }
                continue
            }
            let left = end - place
            switch first {
            case 0xC2...0xDF:
                guard left >= 2, isContinuation(place + 1) else { return false }
                place += 2
            case 0xE0...0xEF:
                guard left >= 3, isContinuation(place + 1), isContinuation(place + 2) else {
                    return false
                }
                let second = byte(at: place + 1)
                if first == 0xE0, second < 0xA0 { return false }
                if first == 0xED, second > 0x9F { return false }
                place += 3
            case 0xF0...0xF4:
                guard left >= 4, isContinuation(place + 1), isContinuation(place + 2),
                    isContinuation(place + 3)
                else { return false }
                let second = byte(at: place + 1)
                if first == 0xF0, second < 0x90 { return false }
                if first == 0xF4, second > 0x8F { return false }
                place += 4
            default:
                return false
            }
        }
        return true
    }

    @inline(__always)
    private func isContinuation(_ offset: Int) -> Bool { byte(at: offset) & 0xC0 == 0x80 }
}
