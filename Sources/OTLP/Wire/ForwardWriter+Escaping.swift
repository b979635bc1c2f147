// The content of JSON strings.
extension ForwardWriter {
    /// Writes a slice of some batch's bytes as the content of a JSON string.
    @inline(__always)
    mutating func writeEscaped(_ slice: Slice, of source: [UInt8]) {
        writeEscaped(unsafe source.span.bytes, Int(slice.offset), Int(slice.length))
    }

    /// Writes a range of bytes as the content of a JSON string.
    ///
    /// Most are short and need no escape, which is seen only when all is stored.
    @inline(__always)
    mutating func writeEscaped(_ source: RawSpan, _ offset: Int, _ length: Int) {
        precondition(
            offset >= 0 && length >= 0 && offset <= source.byteCount &- length,
            "a slice of another batch")
        // A turn may store a whole word.
        reserve(length &+ 8)
        if length < 8 {
            let word = source.shortWord(at: offset, length)
            guard bytesWithoutEscape(of: word) >= length else {
                return writeWithEscapes(source, offset, length)
            }
            return store(word, length)
        }
        guard length <= 64 else { return writeWithEscapes(source, offset, length) }
        let isPlain = unsafe source.withUnsafeBytes { bytes in
            unsafe storeIfPlain(bytes, offset, length)
        }
        if !isPlain { writeWithEscapes(source, offset, length) }
    }

    /// Writes eight bytes or more if none needs an escape.
    /// - Precondition: the range is within the bytes, and there is room for it.
    @inline(__always)
    private mutating func storeIfPlain(
        _ bytes: UnsafeRawBufferPointer, _ offset: Int, _ length: Int
    ) -> Bool {
        // The last word overlaps the one before it.
        let last = unsafe Self.word(bytes, offset &+ length &- 8)
        var escapes = jsonEscapes(of: last)
        var place = 0
        while place < length &- 8 {
            let word = unsafe Self.word(bytes, offset &+ place)
            escapes |= jsonEscapes(of: word)
            unsafe memory.storeBytes(
                of: word.littleEndian, toByteOffset: count &+ place, as: UInt64.self)
            place &+= 8
        }
        guard escapes & 0x8080_8080_8080_8080 == 0 else { return false }
        count &+= length &- 8
        store(last, 8)
        return true
    }

    @inline(__always)
    private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Eight bytes a turn where nothing is escaped.
    @inline(never)
    private mutating func writeWithEscapes(_ source: RawSpan, _ offset: Int, _ length: Int) {
        var place = offset
        let end = offset &+ length
        while end &- place >= 8 {
            let word = UInt64(littleEndian: source.rawWord(at: place))
            let plain = bytesWithoutEscape(of: word)
            store(word, plain)
            place &+= plain
            if plain < 8 {
                writeEscape(source.byte(at: place))
                place &+= 1
                reserve(end &- place &+ 8)
            }
        }
        while place < end {
            let left = end &- place
            let word = source.shortWord(at: place, left)
            let plain = min(bytesWithoutEscape(of: word), left)
            store(word, plain)
            place &+= plain
            if plain < left {
                writeEscape(source.byte(at: place))
                place &+= 1
                reserve(end &- place &+ 8)
            }
        }
    }

    /// - Precondition: there is room for eight bytes.
    @inline(__always)
    private mutating func writeEscape(_ byte: UInt8) {
        let letter: UInt8
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): letter = byte
        case 0x0A: letter = UInt8(ascii: "n")
        default: return writeRareEscape(byte)
        }
        store(UInt64(UInt8(ascii: "\\")) | UInt64(letter) &<< 8, 2)
    }

    @inline(never)
    private mutating func writeRareEscape(_ byte: UInt8) {
        write(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: write(UInt8(ascii: "b"))
        case 0x09: write(UInt8(ascii: "t"))
        case 0x0C: write(UInt8(ascii: "f"))
        case 0x0D: write(UInt8(ascii: "r"))
        default:
            write("u00")
            write(hexadecimalDigit(of: byte >> 4))
            write(hexadecimalDigit(of: byte & 15))
        }
    }
}
