/// Collects text from front to back.
///
/// Its memory is not cleared first, hence the pointer; every place that is written lies behind a call
/// of `reserve(_:)` for it.
@safe
struct ForwardWriter: ~Copyable {
    var memory: UnsafeMutableRawPointer
    private var capacity: Int
    var count = 0

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
    mutating func reserve(_ needed: Int) {
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

    @inline(__always)
    mutating func write(decimal number: UInt64) {
        reserve(24)
        if number < 10 {
            store(number | 0x30, 1)
        } else if number < 100_000_000 {
            storeDigits(withoutZerosBefore: number)
        } else {
            storeLong(decimal: number)
        }
    }

    @inline(never)
    private mutating func storeLong(decimal number: UInt64) {
        let (rest, last) = number.quotientAndRemainder(dividingBy: 100_000_000)
        if rest < 100_000_000 {
            storeDigits(withoutZerosBefore: rest)
        } else {
            let (first, middle) = rest.quotientAndRemainder(dividingBy: 100_000_000)
            storeDigits(withoutZerosBefore: first)
            store(eightDigits(of: middle) | 0x3030_3030_3030_3030, 8)
        }
        store(eightDigits(of: last) | 0x3030_3030_3030_3030, 8)
    }

    /// - Precondition: there is room for eight bytes, and the number has at most eight digits.
    @inline(__always)
    private mutating func storeDigits(withoutZerosBefore number: UInt64) {
        let digits = eightDigits(of: number)
        let zeros = min(digits.trailingZeroBitCount &>> 3, 7)
        store(
            digits &>> UInt64(truncatingIfNeeded: 8 &* zeros) | 0x3030_3030_3030_3030, 8 &- zeros)
    }

    /// Stores a little-endian word of which so many bytes count.
    /// - Precondition: there is room for eight bytes.
    @inline(__always)
    mutating func store(_ word: UInt64, _ length: Int) {
        unsafe memory.storeBytes(of: word.littleEndian, toByteOffset: count, as: UInt64.self)
        count &+= length
    }

    /// Writes the name of a member, with its colon.
    @inline(__always)
    mutating func write(name: StaticString, afterComma: Bool) {
        let length = name.utf8CodeUnitCount
        reserve(length &+ 4)
        if afterComma {
            unsafe memory.storeBytes(of: UInt8(ascii: ","), toByteOffset: count, as: UInt8.self)
            count &+= 1
        }
        unsafe memory.storeBytes(of: UInt8(ascii: "\""), toByteOffset: count, as: UInt8.self)
        unsafe (memory + count + 1).copyMemory(from: name.utf8Start, byteCount: length)
        let end: UInt16 = 0x3A22  // ":
        unsafe memory.storeBytes(
            of: end.littleEndian, toByteOffset: count &+ length &+ 1, as: UInt16.self)
        count &+= length &+ 3
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
}

/// Eight decimal digits of a number below 10^8, the first one lowest: it is halved three times, all
/// parts at once.
@inline(__always)
private func eightDigits(of number: UInt64) -> UInt64 {
    let fours = number / 10_000 | (number % 10_000) &<< 32
    // Division by 100 and by 10, exact for numbers so small.
    let hundreds = (fours &* 10_486) &>> 20 & 0x0000_007F_0000_007F
    let pairs = hundreds | (fours &- hundreds &* 100) &<< 16
    let tens = (pairs &* 103) &>> 10 & 0x000F_000F_000F_000F
    return tens | (pairs &- tens &* 10) &<< 8
}
