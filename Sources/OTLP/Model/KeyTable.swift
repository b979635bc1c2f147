/// The attribute keys that somebody above the codec knows, each with a small number.
///
/// The decoder looks every key up once and writes the number beside it, so that later passes
/// compare numbers and not text. The decoder itself knows no convention.
public struct KeyTable: Sendable {
    private(set) var keys: [String] = [""]
    /// The UTF-8 of all keys, one after the other.
    private var text: [UInt8] = []
    /// Open addressing with linear probing; a power of two long and at most half full.
    private var slots: [Slot] = []

    /// A key up to 16 bytes is its two words and its length; a longer one has its middle in `text`.
    private struct Slot {
        var words: KeyWords
        var length: UInt32
        var offset: UInt32
        /// 0 where the slot is free.
        var id: UInt16
    }

    /// A table that knows no key.
    public static let none = KeyTable([])

    /// Numbers the keys from 1 in the given order, each key once.
    /// - Precondition: fewer than 65,535 different keys.
    public init(_ keys: some Sequence<String>) {
        for key in keys where id(of: key) == .unknown { intern(key) }
    }

    private mutating func intern(_ key: String) {
        precondition(keys.count < Int(UInt16.max), "a KeyTable holds at most 65,534 keys")
        let start = text.count
        text.append(contentsOf: key.utf8)
        let added = Slot(
            words: unsafe KeyWords(text.span.bytes, start, text.count - start),
            length: UInt32(text.count - start), offset: UInt32(start), id: UInt16(keys.count))
        keys.append(key)
        if slots.count < 2 * keys.count { grow() }
        insert(added)
    }

    private mutating func grow() {
        let old = slots
        slots = Array(
            repeating: Slot(words: KeyWords(first: 0, last: 0), length: 0, offset: 0, id: 0),
            count: max(64, old.count * 2))
        for slot in old where slot.id != 0 { insert(slot) }
    }

    private mutating func insert(_ slot: Slot) {
        let mask = slots.count - 1
        var place = slot.words.hash(length: Int(slot.length)) & mask
        while slots[place].id != 0 { place = (place + 1) & mask }
        slots[place] = slot
    }

    /// The number of a key; `.unknown` when the table has it not.
    public func id(of key: String) -> KeyID {
        let bytes = Array(key.utf8)
        return unsafe id(
            of: Slice(offset: 0, length: UInt32(bytes.count)), in: bytes.span.bytes)
    }

    /// The number of the key that lies in these bytes.
    @inline(__always)
    func id(of key: Slice, in bytes: RawSpan) -> KeyID {
        guard !slots.isEmpty else { return .unknown }
        let offset = Int(key.offset)
        let length = Int(key.length)
        let words = KeyWords(bytes, offset, length)
        let mask = slots.count - 1
        var place = words.hash(length: length) & mask
        while true {
            let slot = slots[place]
            if slot.words == words, slot.length == key.length,
                length <= 16 || middle(of: slot, equals: bytes, offset, length)
            {
                return KeyID(number: slot.id)
            }
            if slot.id == 0 { return .unknown }
            place = (place + 1) & mask
        }
    }

    @inline(__always)
    private func middle(of slot: Slot, equals bytes: RawSpan, _ offset: Int, _ length: Int) -> Bool
    {
        let own = unsafe text.span.bytes
        var place = 8
        // The last eight bytes are a word of their own, and have been compared.
        while place < length - 8 {
            if own.rawWord(at: Int(slot.offset) + place) != bytes.rawWord(at: offset + place) {
                return false
            }
            place += 8
        }
        return true
    }

    /// The key of a number; "" for `.unknown` and for numbers of other tables.
    public func key(of id: KeyID) -> String {
        Int(id.number) < keys.count ? keys[Int(id.number)] : ""
    }

    /// How many keys the table has.
    public var count: Int { keys.count - 1 }
}

/// The first and the last eight bytes of a key; a shorter key is in `first`, padded with zeros.
private struct KeyWords: Equatable {
    var first: UInt64
    var last: UInt64

    init(first: UInt64, last: UInt64) {
        self.first = first
        self.last = last
    }

    @inline(__always)
    init(_ bytes: RawSpan, _ offset: Int, _ length: Int) {
        if length >= 8 {
            first = bytes.rawWord(at: offset)
            last = bytes.rawWord(at: offset + length - 8)
        } else {
            first = bytes.shortWord(at: offset, length)
            last = 0
        }
    }

    @inline(__always)
    func hash(length: Int) -> Int {
        let mixed =
            (first ^ (last &<< 29 | last &>> 35) ^ UInt64(truncatingIfNeeded: length))
            &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed >> 40)
    }
}
