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

    /// What was written, where it lies.
    var span: RawSpan {
        @_lifetime(borrow self)
        get {
            let written = unsafe RawSpan(_unsafeStart: memory + head, byteCount: count)
            return unsafe _overrideLifetime(written, borrowing: self)
        }
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
        let place = advance(Int(slice.length))
        copy(slice, of: source, to: place)
    }

    /// Writes a whole `KeyValue` whose value is a text; all its lengths take one byte.
    ///
    /// As its size is known, it is the one message that is written from front to back: two thirds
    /// of all attributes are such, and so they take half the instructions.
    /// - Precondition: `tag` is below 128, key and text have at most `shortText` bytes together.
    @inline(__always)
    mutating func write(tag: UInt32, key: Slice, shortText text: Slice, of source: [UInt8]) {
        let size = 8 &+ Int(key.length) &+ Int(text.length)
        let place = advance(size)
        let keyHead = tag | UInt32(truncatingIfNeeded: size &- 2) &<< 8 | 0x0A_0000
        let valueHead = 0x0A_0012 | (text.length &+ 2) &<< 8
        store(keyHead | key.length &<< 24, at: place)
        copy(key, of: source, to: place &+ 4)
        store(valueHead | text.length &<< 24, at: place &+ 4 &+ Int(key.length))
        copy(text, of: source, to: place &+ 8 &+ Int(key.length))
    }

    static var shortText: Int { 0x7F - 6 }

    @inline(__always)
    private func store(_ word: UInt32, at place: Int) {
        unsafe memory.storeBytes(of: word.littleEndian, toByteOffset: place, as: UInt32.self)
    }

    /// Most texts are short, and calling memcpy would take longer than copying them in two words
    /// that may overlap.
    @inline(__always)
    private func copy(_ slice: Slice, of source: [UInt8], to place: Int) {
        let start = Int(slice.offset)
        let length = Int(slice.length)
        precondition(start &+ length <= source.count, "a slice of another batch")
        unsafe source.withUnsafeBytes { bytes in
            guard let origin = bytes.baseAddress else { return }
            let from = unsafe origin + start
            let to = unsafe memory + place
            if length > 32 {
                unsafe to.copyMemory(from: from, byteCount: length)
            } else if length >= 16 {
                unsafe Self.copyEnds(SIMD2<UInt64>.self, from, to, length)
            } else if length >= 8 {
                unsafe Self.copyEnds(UInt64.self, from, to, length)
            } else if length >= 4 {
                unsafe Self.copyEnds(UInt32.self, from, to, length)
            } else {
                for offset in 0..<length {
                    unsafe to.storeBytes(
                        of: from.load(fromByteOffset: offset, as: UInt8.self),
                        toByteOffset: offset, as: UInt8.self)
                }
            }
        }
    }

    /// Copies as many bytes as one word has or up to twice as many.
    @inline(__always)
    private static func copyEnds<Word: BitwiseCopyable>(
        _: Word.Type, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer, _ length: Int
    ) {
        let last = length &- MemoryLayout<Word>.size
        let firstWord = unsafe from.loadUnaligned(as: Word.self)
        let lastWord = unsafe from.loadUnaligned(fromByteOffset: last, as: Word.self)
        unsafe to.storeBytes(of: firstWord, as: Word.self)
        unsafe to.storeBytes(of: lastWord, toByteOffset: last, as: Word.self)
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
