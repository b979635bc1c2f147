/// Collects text from front to back.
///
/// Its memory is not cleared first, hence the pointer; every place that is written lies behind a call
/// of `reserve(_:)` for it.
@safe
struct ForwardWriter: ~Copyable {
    private var memory: UnsafeMutableRawPointer
    private var capacity: Int
    private var count = 0

    init(expecting expected: Int) {
        capacity = max(expected, 64)
        unsafe memory = .allocate(byteCount: capacity, alignment: 8)
    }

    deinit {
        unsafe memory.deallocate()
    }

    /// What was written.
    var bytes: [UInt8] { unsafe [UInt8](UnsafeRawBufferPointer(start: memory, count: count)) }

    @inline(__always)
    private mutating func reserve(_ needed: Int) {
        if capacity &- count < needed { grow(needed) }
    }

    @inline(never)
    private mutating func grow(_ needed: Int) {
        capacity = max(capacity * 2, count + needed)
        let grown = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 8)
        unsafe grown.copyMemory(from: memory, byteCount: count)
        unsafe memory.deallocate()
        unsafe memory = grown
    }

    @inline(__always)
    mutating func write(_ byte: UInt8) {
        reserve(1)
        unsafe memory.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count &+= 1
    }

    @inline(__always)
    mutating func write(_ text: StaticString) {
        let length = text.utf8CodeUnitCount
        reserve(length)
        unsafe (memory + count).copyMemory(from: text.utf8Start, byteCount: length)
        count &+= length
    }

    mutating func write(_ text: some Collection<UInt8>) {
        for byte in text { write(byte) }
    }

    mutating func write(decimal number: Int64) {
        if number < 0 { write(UInt8(ascii: "-")) }
        write(decimal: number.magnitude)
    }

    mutating func write(decimal number: UInt64) {
        var digits = 1
        var bound: UInt64 = 10
        while number >= bound {
            digits += 1
            let (next, isOver) = bound.multipliedReportingOverflow(by: 10)
            if isOver { break }
            bound = next
        }
        reserve(digits)
        var rest = number
        var place = count &+ digits
        while rest >= 10 {
            let pair = UInt16(truncatingIfNeeded: rest % 100)
            rest /= 100
            place &-= 2
            let text = (pair % 10) &<< 8 | pair / 10
            unsafe memory.storeBytes(
                of: (text &+ 0x3030).littleEndian, toByteOffset: place, as: UInt16.self)
        }
        if place > count {
            unsafe memory.storeBytes(
                of: UInt8(ascii: "0") + UInt8(rest), toByteOffset: count, as: UInt8.self)
        }
        count &+= digits
    }

    /// Sixteen lower-case hexadecimal digits.
    mutating func write(hexadecimal word: UInt64) {
        reserve(16)
        let high = Self.digits(UInt32(truncatingIfNeeded: word >> 32))
        let low = Self.digits(UInt32(truncatingIfNeeded: word))
        unsafe memory.storeBytes(of: high.bigEndian, toByteOffset: count, as: UInt64.self)
        unsafe memory.storeBytes(of: low.bigEndian, toByteOffset: count + 8, as: UInt64.self)
        count += 16
    }

    /// Eight digits at once: the nibbles are spread, and those above nine become letters.
    private static func digits(_ word: UInt32) -> UInt64 {
        var nibbles = UInt64(word)
        nibbles = (nibbles | nibbles << 16) & 0x0000_FFFF_0000_FFFF
        nibbles = (nibbles | nibbles << 8) & 0x00FF_00FF_00FF_00FF
        nibbles = (nibbles | nibbles << 4) & 0x0F0F_0F0F_0F0F_0F0F
        let letters = (nibbles &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return nibbles &+ 0x3030_3030_3030_3030 &+ letters &* 39
    }

    /// Writes a slice of some batch's bytes as the content of a JSON string.
    @inline(__always)
    mutating func writeEscaped(_ slice: Slice, of source: [UInt8]) {
        precondition(slice.range.upperBound <= source.count, "a slice of another batch")
        unsafe source.withUnsafeBytes { bytes in
            unsafe writeEscaped(UnsafeRawBufferPointer(rebasing: bytes[slice.range]))
        }
    }

    /// Writes text as the content of a JSON string, eight bytes a turn where nothing is escaped.
    mutating func writeEscaped(_ text: UnsafeRawBufferPointer) {
        var place = 0
        // Room for the rest and for one word more, so that a turn may store a whole word.
        reserve(text.count + 8)
        while place < text.count {
            let left = text.count &- place
            let word =
                unsafe left >= 8
                ? UInt64(littleEndian: text.loadUnaligned(fromByteOffset: place, as: UInt64.self))
                : Self.lastWord(text, from: place)
            unsafe memory.storeBytes(of: word.littleEndian, toByteOffset: count, as: UInt64.self)
            let plain = min(bytesWithoutEscape(of: word), left)
            count &+= plain
            place &+= plain
            if plain < 8, place < text.count {
                writeEscape(unsafe text[place])
                place &+= 1
                reserve(text.count &- place &+ 8)
            }
        }
    }

    /// Fewer than eight bytes, padded with zeros.
    @inline(__always)
    private static func lastWord(_ text: UnsafeRawBufferPointer, from start: Int) -> UInt64 {
        let left = text.count &- start
        let excess = UInt64(truncatingIfNeeded: (8 &- left) &* 8)
        if text.count >= 8 {
            let word = unsafe text.loadUnaligned(fromByteOffset: text.count &- 8, as: UInt64.self)
            return UInt64(littleEndian: word) &>> excess
        }
        var word: UInt64 = 0
        for place in (start..<text.count).reversed() {
            word = unsafe word << 8 | UInt64(text[place])
        }
        return word
    }

    @inline(never)
    private mutating func writeEscape(_ byte: UInt8) {
        write(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: write(UInt8(ascii: "b"))
        case 0x09: write(UInt8(ascii: "t"))
        case 0x0A: write(UInt8(ascii: "n"))
        case 0x0C: write(UInt8(ascii: "f"))
        case 0x0D: write(UInt8(ascii: "r"))
        case ..<0x20:
            write("u00")
            write(hexadecimalDigit(of: byte >> 4))
            write(hexadecimalDigit(of: byte & 15))
        default: write(byte)
        }
    }
}
