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
}
