/// A stack of bits: which of the open containers are objects.
struct BitStack: Sendable {
    /// The topmost bits, up to 64, the top one lowest.
    private var word: UInt64 = 0
    /// What lies below them, 64 bits each.
    private var words: [UInt64] = []
    private(set) var count = 0

    /// The bit on top; false when the stack is empty.
    @inline(__always)
    var top: Bool { word & 1 == 1 }

    @inline(__always)
    mutating func push(_ bit: Bool) {
        if count & 63 == 0, count > 0 { words.append(word) }
        word = word &<< 1 | (bit ? 1 : 0)
        count &+= 1
    }

    @inline(__always)
    mutating func pop() -> Bool {
        guard count > 0 else { return false }
        let bit = top
        word &>>= 1
        count &-= 1
        if count & 63 == 0 { word = words.popLast() ?? 0 }
        return bit
    }
}
