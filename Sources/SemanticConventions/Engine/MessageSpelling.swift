/// What stands around the role, the text and the finish reason of a message, letter by letter.
struct MessageSpelling: Sendable {
    let opening: LiteralText
    let parts: LiteralText
    let end: LiteralText
    let finishReason: LiteralText

    /// - Parameter space: what stands after colons and commas.
    init(space: String) {
        opening = LiteralText("{\"role\":\(space)")
        parts = LiteralText(
            ",\(space)\"parts\":\(space)[{\"type\":\(space)\"text\",\(space)\"content\":\(space)")
        end = LiteralText("}]")
        finishReason = LiteralText(",\(space)\"finish_reason\":\(space)")
    }
}

/// Up to 48 bytes that are looked for at a place of a text, compared eight at a time.
struct LiteralText: Sendable {
    let length: Int
    private var words = InlineArray<6, UInt64>(repeating: 0)
    private let count: Int
    /// The last bytes, fewer than eight, and which bits of a word they are.
    private let rest: UInt64
    private let mask: UInt64

    init(_ text: String) {
        let bytes = Array(text.utf8.prefix(48))
        func word(_ bytes: some Collection<UInt8>) -> UInt64 {
            bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        length = text.utf8.count
        count = bytes.count / 8
        for index in 0..<count { words[index] = word(bytes[8 * index..<8 * index + 8]) }
        rest = word(bytes.suffix(bytes.count % 8))
        mask = 1 << UInt64(8 * (bytes.count % 8)) - 1
    }

    /// The bytes stand at a place; a longer text is not found.
    @inline(__always)
    func stands(at start: Int, in text: RawSpan) -> Bool {
        guard length <= 48, text.byteCount &- start >= length else { return false }
        var place = start
        for index in 0..<count {
            if text.word(at: place) != words[index] { return false }
            place &+= 8
        }
        return mask == 0 || text.wordPadded(at: place) & mask == rest
    }
}

extension RawSpan {
    /// Eight bytes in little-endian order; zeros stand for those beyond the end.
    @inline(__always)
    fileprivate func wordPadded(at place: Int) -> UInt64 {
        if byteCount &- place >= 8 { return word(at: place) }
        var padded: UInt64 = 0
        for index in stride(from: byteCount - 1, through: place, by: -1) {
            padded = padded << 8 | UInt64(byte(at: index))
        }
        return padded
    }
}
