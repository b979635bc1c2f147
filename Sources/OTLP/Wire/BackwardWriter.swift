/// Writes protobuf from the last byte to the first.
///
/// The length of a message is known when its front is reached, so lengths need no pass of their
/// own and nothing is moved.
struct BackwardWriter {
    private var buffer: [UInt8]
    /// The first byte that has been written.
    private var head: Int

    init(expecting count: Int) {
        buffer = [UInt8](repeating: 0, count: max(count, 64))
        head = buffer.count
    }

    /// Bytes written so far; a message's length is the difference of two of these.
    @inline(__always)
    var count: Int { buffer.count - head }

    /// What was written.
    consuming func finish() -> [UInt8] {
        head == 0 ? buffer : Array(buffer[head...])
    }

    @inline(__always)
    private mutating func makeRoom(_ needed: Int) {
        if head < needed { grow(needed) }
    }

    @inline(never)
    private mutating func grow(_ needed: Int) {
        let written = buffer[head...]
        var grown = [UInt8]()
        grown.reserveCapacity(max(buffer.count * 2, written.count + needed))
        grown.append(contentsOf: repeatElement(0, count: grown.capacity - written.count))
        head = grown.count
        grown.append(contentsOf: written)
        buffer = grown
    }

    @inline(__always)
    mutating func write(byte: UInt8) {
        makeRoom(1)
        head -= 1
        buffer[head] = byte
    }

    @inline(__always)
    mutating func write(varint word: UInt64) {
        if word < 0x80 {
            write(byte: UInt8(truncatingIfNeeded: word))
        } else {
            writeLong(varint: word)
        }
    }

    @inline(never)
    private mutating func writeLong(varint word: UInt64) {
        let size = (70 - (word | 1).leadingZeroBitCount) / 7
        makeRoom(size)
        head -= size
        var rest = word
        for place in head..<head + size - 1 {
            buffer[place] = UInt8(truncatingIfNeeded: rest) | 0x80
            rest >>= 7
        }
        buffer[head + size - 1] = UInt8(truncatingIfNeeded: rest)
    }

    @inline(__always)
    mutating func write(fixed64 word: UInt64) {
        makeRoom(8)
        head -= 8
        let place = head
        unsafe buffer.withUnsafeMutableBytes { bytes in
            precondition(place >= 0 && bytes.count - place >= 8)
            unsafe bytes.storeBytes(
                of: word.littleEndian, toByteOffset: place, as: UInt64.self)
        }
    }

    @inline(__always)
    mutating func write(fixed32 word: UInt32) {
        for place in 0..<4 {
            write(byte: UInt8(truncatingIfNeeded: word >> UInt32(24 - 8 * place)))
        }
    }

    /// Copies a slice of some batch's bytes.
    @inline(__always)
    mutating func write(_ slice: Slice, of source: [UInt8]) {
        let length = Int(slice.length)
        guard length > 0 else { return }
        makeRoom(length)
        head -= length
        let place = head
        unsafe buffer.withUnsafeMutableBytes { target in
            unsafe source.withUnsafeBytes { bytes in
                precondition(slice.range.upperBound <= bytes.count)
                precondition(place >= 0 && target.count - place >= length)
                unsafe UnsafeMutableRawBufferPointer(rebasing: target[place..<place + length])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[slice.range]))
            }
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
