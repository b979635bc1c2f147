/// Writes protobuf from the last byte to the first.
///
/// The length of a message is known when its front is reached, so lengths need no pass of their
/// own and nothing is moved. Its memory is not cleared first, hence the pointer; every place that
/// is written comes from `advance(_:)`.
@safe
struct BackwardWriter: ~Copyable {
    /// The bytes from `head` on are written.
    private var buffer: UnsafeMutableRawBufferPointer
    private var head: Int

    init(expecting count: Int) {
        unsafe buffer = .allocate(byteCount: max(count, 64), alignment: 8)
        head = unsafe buffer.count
    }

    deinit {
        unsafe buffer.deallocate()
    }

    /// Bytes written so far; a message's length is the difference of two of these.
    @inline(__always)
    var count: Int { unsafe buffer.count - head }

    /// What was written.
    consuming func finish() -> [UInt8] {
        unsafe [UInt8](UnsafeRawBufferPointer(rebasing: buffer[head...]))
    }

    /// Moves the head so that so many bytes can be written behind it, and returns it.
    @inline(__always)
    private mutating func advance(_ needed: Int) -> Int {
        precondition(needed >= 0)
        if head < needed { grow(needed) }
        head -= needed
        return head
    }

    @inline(never)
    private mutating func grow(_ needed: Int) {
        let written = count
        let capacity = unsafe max(buffer.count * 2, written + needed)
        let grown = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 8)
        let newHead = capacity - written
        unsafe UnsafeMutableRawBufferPointer(rebasing: grown[newHead...]).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: buffer[head...]))
        unsafe buffer.deallocate()
        unsafe buffer = grown
        head = newHead
    }

    @inline(__always)
    mutating func write(byte: UInt8) {
        let place = advance(1)
        unsafe buffer[place] = byte
    }

    @inline(__always)
    mutating func write(varint word: UInt64) {
        if word < 0x80 {
            write(byte: UInt8(truncatingIfNeeded: word))
        } else if word < 0x4000 {
            let place = advance(2)
            unsafe buffer[place] = UInt8(truncatingIfNeeded: word) | 0x80
            unsafe buffer[place + 1] = UInt8(truncatingIfNeeded: word >> 7)
        } else {
            writeLong(varint: word)
        }
    }

    @inline(never)
    private mutating func writeLong(varint word: UInt64) {
        let size = (70 - (word | 1).leadingZeroBitCount) / 7
        let start = advance(size)
        var rest = word
        for place in start..<start + size - 1 {
            unsafe buffer[place] = UInt8(truncatingIfNeeded: rest) | 0x80
            rest >>= 7
        }
        unsafe buffer[start + size - 1] = UInt8(truncatingIfNeeded: rest)
    }

    @inline(__always)
    mutating func write(fixed64 word: UInt64) {
        let place = advance(8)
        unsafe buffer.storeBytes(of: word.littleEndian, toByteOffset: place, as: UInt64.self)
    }

    @inline(__always)
    mutating func write(fixed32 word: UInt32) {
        let place = advance(4)
        unsafe buffer.storeBytes(of: word.littleEndian, toByteOffset: place, as: UInt32.self)
    }

    /// Copies a slice of some batch's bytes.
    @inline(__always)
    mutating func write(_ slice: Slice, of source: [UInt8]) {
        let length = Int(slice.length)
        guard length > 0 else { return }
        precondition(slice.range.upperBound <= source.count, "a slice of another batch")
        let place = advance(length)
        unsafe source.withUnsafeBytes { bytes in
            let from = unsafe UnsafeRawBufferPointer(rebasing: bytes[slice.range])
            unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[place..<place + length])
                .copyMemory(from: from)
        }
    }

    /// A tag; those of the schema's fields up to 15 are one byte.
    @inline(__always)
    mutating func write(tag: UInt32) { write(varint: UInt64(tag)) }

    /// Ends a message that began, seen from its end, when `count` was `mark`.
    @inline(__always)
    mutating func close(tag: UInt32, since mark: Int) {
        write(varint: UInt64(count - mark))
        write(tag: tag)
    }
}

// Fields with a value; what equals the default is left out.
extension BackwardWriter {
    @inline(__always)
    mutating func field(tag: UInt32, varint word: UInt64) {
        guard word != 0 else { return }
        write(varint: word)
        write(tag: tag)
    }

    @inline(__always)
    mutating func field(tag: UInt32, fixed64 word: UInt64) {
        guard word != 0 else { return }
        write(fixed64: word)
        write(tag: tag)
    }

    @inline(__always)
    mutating func field(tag: UInt32, fixed32 word: UInt32) {
        guard word != 0 else { return }
        write(fixed32: word)
        write(tag: tag)
    }

    @inline(__always)
    mutating func field(tag: UInt32, _ slice: Slice, of source: [UInt8]) {
        guard !slice.isEmpty else { return }
        member(tag: tag, slice, of: source)
    }

    /// A member of a oneof, which is written even when it is empty.
    @inline(__always)
    mutating func member(tag: UInt32, _ slice: Slice, of source: [UInt8]) {
        write(slice, of: source)
        write(varint: UInt64(slice.length))
        write(tag: tag)
    }
}
