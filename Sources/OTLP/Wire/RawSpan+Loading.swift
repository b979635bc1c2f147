extension RawSpan {
    /// Eight bytes as they lie in memory, bounds checked.
    @inline(__always)
    func rawWord(at offset: Int) -> UInt64 {
        unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }

    /// Four bytes as a little-endian number, bounds checked.
    @inline(__always)
    func fourBytes(at offset: Int) -> UInt32 {
        UInt32(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// Two bytes as a little-endian number, bounds checked.
    @inline(__always)
    func twoBytes(at offset: Int) -> UInt16 {
        UInt16(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    /// The varint that takes exactly these bytes, at most nine; nil where they are none.
    @inline(__always)
    func varint(from start: Int, to end: Int) -> UInt64? {
        guard start < end, end &- start <= 9 else { return nil }
        var word: UInt64 = 0
        var place = end &- 1
        guard byte(at: place) < 0x80 else { return nil }
        while true {
            word = word &<< 7 | UInt64(byte(at: place) & 0x7F)
            if place == start { return word }
            place &-= 1
            guard byte(at: place) >= 0x80 else { return nil }
        }
    }

    /// One byte, bounds checked.
    @inline(__always)
    func byte(at offset: Int) -> UInt8 {
        unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    /// Fewer than eight bytes as one word, little-endian and padded with zeros.
    @inline(__always)
    func shortWord(at offset: Int, _ length: Int) -> UInt64 {
        guard byteCount - offset >= 8 else { return lastWord(at: offset, length) }
        let mask = (1 as UInt64) &<< UInt64(truncatingIfNeeded: length &* 8) &- 1
        return UInt64(littleEndian: rawWord(at: offset)) & mask
    }

    @inline(never)
    private func lastWord(at offset: Int, _ length: Int) -> UInt64 {
        var word: UInt64 = 0
        for place in (offset..<offset + length).reversed() {
            word = word << 8 | UInt64(byte(at: place))
        }
        return word
    }
}
