import OTLP

/// Byte texts, each with a small number, counted from 0.
///
/// The hash goes over all bytes and is seeded, so that nobody can write keys that collide.
struct ByteDirectory: Sendable {
    private struct Slot {
        var hash: UInt64
        /// -1 where the slot is free.
        var number: Int32
    }

    private var slots = [Slot](repeating: Slot(hash: 0, number: -1), count: 256)
    private var places: [Slice] = []
    private var text: [UInt8] = []
    private let seed = UInt64.random(in: .min ... .max) | 1

    /// How many texts there are.
    var count: Int { places.count }
    /// The length of all texts together, in bytes.
    var byteCount: Int { text.count }

    /// The number of a text, which is added where it is new.
    mutating func number(of slice: Slice, in bytes: [UInt8]) -> Int {
        let span = bytes.span.bytes
        let hash = Self.hash(span, slice, seed)
        let mask = slots.count - 1
        var place = Int(truncatingIfNeeded: hash) & mask
        while true {
            let slot = slots[place]
            if slot.number < 0 { break }
            if slot.hash == hash, isEqual(places[Int(slot.number)], slice, span) {
                return Int(slot.number)
            }
            place = (place + 1) & mask
        }
        return add(slice, in: bytes, hash)
    }

    private mutating func add(_ slice: Slice, in bytes: [UInt8], _ hash: UInt64) -> Int {
        let number = places.count
        places.append(Slice(offset: UInt32(text.count), length: slice.length))
        text.append(contentsOf: bytes[slice.bounds])
        if places.count * 2 > slots.count {
            let old = slots
            slots = Array(repeating: Slot(hash: 0, number: -1), count: old.count * 2)
            for slot in old where slot.number >= 0 { insert(slot) }
        }
        insert(Slot(hash: hash, number: Int32(number)))
        return number
    }

    private mutating func insert(_ slot: Slot) {
        let mask = slots.count - 1
        var place = Int(truncatingIfNeeded: slot.hash) & mask
        while slots[place].number >= 0 { place = (place + 1) & mask }
        slots[place] = slot
    }

    @inline(__always)
    private func isEqual(_ own: Slice, _ other: Slice, _ bytes: RawSpan) -> Bool {
        guard own.length == other.length else { return false }
        let mine = text.span.bytes
        let length = Int(own.length)
        let (a, b) = (Int(own.offset), Int(other.offset))
        guard length >= 8 else {
            return mine.shortWord(at: a, of: length) == bytes.shortWord(at: b, of: length)
        }
        var index = 0
        while length - index > 8 {
            if mine.word(at: a + index) != bytes.word(at: b + index) { return false }
            index += 8
        }
        return mine.word(at: a + length - 8) == bytes.word(at: b + length - 8)
    }

    @inline(__always)
    private static func hash(_ bytes: RawSpan, _ slice: Slice, _ seed: UInt64) -> UInt64 {
        let length = Int(slice.length)
        var place = Int(slice.offset)
        let end = place + length
        var hash = seed ^ UInt64(truncatingIfNeeded: length)
        while end - place >= 8 {
            hash = mix(hash ^ bytes.word(at: place), seed)
            place += 8
        }
        if place < end {
            let word =
                length >= 8
                ? bytes.word(at: end - 8) : bytes.shortWord(at: place, of: length)
            hash = mix(hash ^ word, seed)
        }
        return mix(hash, 0x9E37_79B9_7F4A_7C15)
    }

    @inline(__always)
    private static func mix(_ word: UInt64, _ factor: UInt64) -> UInt64 {
        let product = (word ^ 0xA076_1D64_78BD_642F).multipliedFullWidth(by: factor)
        return product.high ^ product.low
    }
}

extension Slice {
    /// The indices in the bytes of the slice's batch.
    var bounds: Range<Int> { Int(offset)..<Int(offset) + Int(length) }
}

extension RawSpan {
    /// Eight bytes in little-endian order, bounds checked.
    @inline(__always)
    func word(at offset: Int) -> UInt64 {
        UInt64(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Fewer than eight bytes in little-endian order, and zeros above them.
    @inline(__always)
    func shortWord(at place: Int, of length: Int) -> UInt64 {
        wordPadded(at: place) & (1 &<< UInt64(8 &* length) &- 1)
    }

    /// Eight bytes in little-endian order; zeros stand for those beyond the end.
    @inline(__always)
    func wordPadded(at place: Int) -> UInt64 {
        if byteCount &- place >= 8 { return word(at: place) }
        if byteCount >= 8 {
            return word(at: byteCount &- 8) >> UInt64(8 &* (8 &- max(0, byteCount &- place)))
        }
        var padded: UInt64 = 0
        for index in stride(from: byteCount - 1, through: place, by: -1) {
            padded = padded << 8 | UInt64(byte(at: index))
        }
        return padded
    }

    /// One byte, bounds checked.
    @inline(__always)
    func byte(at offset: Int) -> UInt8 {
        unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }
}
