/// Writes protobuf from the last byte to the first.
///
/// The length of a message is known when its front is reached, so lengths need no pass of their
/// own and nothing is moved. Its memory is not cleared first, hence the pointer; every place that
/// is written comes from `advance(_:)`.
@safe
struct BackwardWriter: ~Copyable {
    /// The bytes from `head` to `capacity` are written.
    private var memory: UnsafeMutableRawPointer
    private var capacity: Int
    private var head: Int

    init(expecting count: Int) {
        capacity = max(count, 64)
        unsafe memory = .allocate(byteCount: capacity, alignment: 8)
        head = capacity
    }

    deinit {
        unsafe memory.deallocate()
    }

    /// Bytes written so far; a message's length is the difference of two of these.
    @inline(__always)
    var count: Int { capacity &- head }

    /// What was written.
    var bytes: [UInt8] {
        unsafe [UInt8](UnsafeRawBufferPointer(start: memory + head, count: count))
    }

    /// Replaces the content of an array by what was written.
    func copy(into target: inout [UInt8]) {
        target.removeAll(keepingCapacity: true)
        unsafe target.append(
            contentsOf: UnsafeRawBufferPointer(start: memory + head, count: count))
    }

    /// Forgets what was written, keeps the memory, and makes it at least this large.
    mutating func restart(expecting expected: Int) {
        head = capacity
        if capacity < expected { grow(expected) }
    }

    /// Moves the head so that so many bytes can be written behind it, and returns it.
    @inline(__always)
    private mutating func advance(_ needed: Int) -> Int {
        if head < needed { grow(needed) }
        head &-= needed
        return head
    }

    @inline(never)
    private mutating func grow(_ needed: Int) {
        let written = count
        let larger = max(capacity * 2, written + needed)
        let grown = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 8)
        unsafe (grown + (larger - written)).copyMemory(from: memory + head, byteCount: written)
        unsafe memory.deallocate()
        unsafe memory = grown
        head = larger - written
        capacity = larger
    }

    @inline(__always)
    mutating func write(byte: UInt8) {
        let place = advance(1)
        unsafe memory.storeBytes(of: byte, toByteOffset: place, as: UInt8.self)
    }

    @inline(__always)
    mutating func write(varint word: UInt64) {
        if word < 0x80 {
            write(byte: UInt8(truncatingIfNeeded: word))
        } else if word < 0x4000 {
            write(twoBytes: UInt16(truncatingIfNeeded: word << 1 & 0x7F00 | word & 0x7F | 0x80))
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
            unsafe memory.storeBytes(
                of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: place, as: UInt8.self)
            rest >>= 7
        }
        unsafe memory.storeBytes(
            of: UInt8(truncatingIfNeeded: rest), toByteOffset: start + size - 1, as: UInt8.self)
    }

    @inline(__always)
    private mutating func write(twoBytes word: UInt16) {
        let place = advance(2)
        unsafe memory.storeBytes(of: word.littleEndian, toByteOffset: place, as: UInt16.self)
    }

    @inline(__always)
    mutating func write(fixed64 word: UInt64) {
        let place = advance(8)
        unsafe memory.storeBytes(of: word.littleEndian, toByteOffset: place, as: UInt64.self)
    }

    @inline(__always)
    mutating func write(fixed32 word: UInt32) {
        let place = advance(4)
        unsafe memory.storeBytes(of: word.littleEndian, toByteOffset: place, as: UInt32.self)
    }

    /// Copies a slice of some batch's bytes.
    @inline(__always)
    mutating func write(_ slice: Slice, of source: [UInt8]) {
        let length = Int(slice.length)
        precondition(Int(slice.offset) &+ length <= source.count, "a slice of another batch")
        let place = advance(length)
        let start = Int(slice.offset)
        unsafe source.withUnsafeBytes { bytes in
            guard let origin = bytes.baseAddress else { return }
            let from = unsafe origin + start
            let to = unsafe memory + place
            // Most texts are this short, and calling memcpy would take longer than copying them.
            if length >= 8, length <= 16 {
                let last = length &- 8
                let word = unsafe from.loadUnaligned(as: UInt64.self)
                let lastWord = unsafe from.loadUnaligned(fromByteOffset: last, as: UInt64.self)
                unsafe to.storeBytes(of: word, as: UInt64.self)
                unsafe to.storeBytes(of: lastWord, toByteOffset: last, as: UInt64.self)
            } else if length >= 16, length <= 32 {
                let last = length &- 16
                let words = unsafe from.loadUnaligned(as: SIMD2<UInt64>.self)
                let lastWords = unsafe from.loadUnaligned(
                    fromByteOffset: last, as: SIMD2<UInt64>.self)
                unsafe to.storeBytes(of: words, as: SIMD2<UInt64>.self)
                unsafe to.storeBytes(of: lastWords, toByteOffset: last, as: SIMD2<UInt64>.self)
            } else {
                unsafe to.copyMemory(from: from, byteCount: length)
            }
        }
    }

    /// A tag; those of the schema's fields up to 15 are one byte.
    @inline(__always)
    mutating func write(tag: UInt32) { write(varint: UInt64(tag)) }

    /// The tag and length before what was written.
    @inline(__always)
    mutating func write(tag: UInt32, length: Int) {
        if tag < 0x80, length < 0x80 {
            write(twoBytes: UInt16(truncatingIfNeeded: length << 8 | Int(tag)))
        } else {
            write(varint: UInt64(truncatingIfNeeded: length))
            write(tag: tag)
        }
    }

    /// Ends a message that began, seen from its end, when `count` was `mark`.
    @inline(__always)
    mutating func close(tag: UInt32, since mark: Int) { write(tag: tag, length: count &- mark) }
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
        write(tag: tag, length: Int(slice.length))
    }
}
