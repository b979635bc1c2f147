/// Up to sixteen bytes that are looked for at a place of a text, compared by two words.
struct ShortWord: Sendable {
    let length: Int
    private let first: UInt64
    private let mask: UInt64
    private let last: UInt64

    /// Nil for a longer text and for an empty one.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard (1...16).contains(bytes.count) else { return nil }
        func word(_ bytes: some Collection<UInt8>) -> UInt64 {
            bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        length = bytes.count
        first = word(bytes.prefix(8))
        mask = bytes.count < 8 ? 1 << UInt64(8 * bytes.count) - 1 : .max
        last = bytes.count < 8 ? 0 : word(bytes.suffix(8))
    }

    /// The bytes stand at a place.
    @inline(__always)
    func stands(at place: Int, in text: RawSpan) -> Bool {
        guard text.byteCount &- place >= 8 else { return stands(nearEndOf: text, at: place) }
        return text.word(at: place) & mask == first
            && (length < 8
                || text.byteCount &- place >= length
                    && text.word(at: place &+ length &- 8) == last)
    }

    private func stands(nearEndOf text: RawSpan, at place: Int) -> Bool {
        guard text.byteCount - place >= length else { return false }
        return (0..<length).allSatisfy {
            text.byte(at: place + $0) == UInt8(truncatingIfNeeded: first >> UInt64(8 * $0))
        }
    }
}
