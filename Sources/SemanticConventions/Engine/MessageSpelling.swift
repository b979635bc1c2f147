/// What stands around the text of the usual message, letter by letter.
struct MessageSpelling: Sendable {
    /// Before the text, by role.
    let beginnings: [LiteralText]
    /// After it, without a finish reason and with each.
    let endings: [LiteralText]

    /// - Parameter space: what stands after colons and commas.
    init(space: String, roles: [String], finishReasons: [String]) {
        beginnings = roles.map {
            LiteralText(
                "{\"role\":\(space)\"\($0)\",\(space)\"parts\":\(space)"
                    + "[{\"type\":\(space)\"text\",\(space)\"content\":\(space)")
        }
        endings =
            [LiteralText("}]}")]
            + finishReasons.map {
                LiteralText("}],\(space)\"finish_reason\":\(space)\"\($0)\"}")
            }
    }
}

/// Bytes that are looked for at a place of a text, eight at a time.
struct LiteralText: Sendable {
    let length: Int
    private let pieces: [LiteralWord]

    init(_ text: String) {
        var rest = text.utf8[...]
        var pieces: [LiteralWord] = []
        while !rest.isEmpty {
            pieces.append(LiteralWord(rest.prefix(16)))
            rest = rest.dropFirst(16)
        }
        self.pieces = pieces
        length = text.utf8.count
    }

    /// The bytes stand at a place.
    @inline(__always)
    func stands(at start: Int, in text: RawSpan) -> Bool {
        var place = start
        for index in pieces.indices {
            guard pieces[index].stands(at: place, in: text) else { return false }
            place &+= 16
        }
        return true
    }
}

/// Up to 16 bytes that are looked for at a place of a text.
struct LiteralWord: Sendable {
    let length: Int
    private let first: UInt64
    private let second: UInt64
    /// Which bits of the second word are asked for.
    private let secondMask: UInt64
    private let firstMask: UInt64

    /// - Parameter bytes: those beyond the sixteenth are left out.
    init(_ bytes: some Collection<UInt8>) {
        func word(_ bytes: some Collection<UInt8>) -> UInt64 {
            bytes.enumerated().reduce(0) { $0 | UInt64($1.element) << UInt64(8 * $1.offset) }
        }
        func mask(_ count: Int) -> UInt64 { count < 8 ? 1 << UInt64(8 * count) - 1 : .max }
        length = min(bytes.count, 16)
        first = word(bytes.prefix(8))
        second = word(bytes.dropFirst(8).prefix(8))
        firstMask = mask(length)
        secondMask = mask(max(0, length - 8))
    }

    /// The bytes stand at a place, and may end the text.
    @inline(__always)
    func stands(at place: Int, in text: RawSpan) -> Bool {
        guard text.byteCount &- place >= length,
            text.wordPadded(at: place) & firstMask == first
        else { return false }
        return secondMask == 0 || text.wordPadded(at: place &+ 8) & secondMask == second
    }
}
