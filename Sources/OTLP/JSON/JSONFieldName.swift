/// The name of a member, matched against literals by words, without making a string.
///
/// Up to 32 bytes are kept: `instrumentationLibrarySpans` is the longest name, with 27.
struct JSONFieldName: Sendable {
    private let length: Int
    /// The first eight bytes, the eight and the eight behind them, and the last eight; shorter names
    /// are in `first`, padded with zeros.
    private let (first, second, third, last): (UInt64, UInt64, UInt64, UInt64)

    /// The name that lies in this range.
    @inline(__always)
    init(_ bytes: RawSpan, _ range: Range<Int>) {
        self.init(bytes, range.lowerBound, range.count)
    }

    init(_ text: [UInt8]) {
        unsafe self.init(text.span.bytes, 0, text.count)
    }

    init(_ text: ArraySlice<UInt8>) {
        unsafe self.init(text.span.bytes, 0, text.count)
    }

    @inline(__always)
    init(_ bytes: RawSpan, _ offset: Int, _ length: Int) {
        self.length = length
        if length < 8 {
            (first, second, third, last) = (bytes.shortWord(at: offset, length), 0, 0, 0)
        } else {
            first = UInt64(littleEndian: bytes.rawWord(at: offset))
            last = UInt64(littleEndian: bytes.rawWord(at: offset &+ length &- 8))
            second = length <= 16 ? 0 : UInt64(littleEndian: bytes.rawWord(at: offset &+ 8))
            third = length <= 24 ? 0 : UInt64(littleEndian: bytes.rawWord(at: offset &+ 16))
        }
    }

    /// - Precondition: the literal has at most 32 bytes.
    @inline(__always)
    static func ~= (name: StaticString, found: JSONFieldName) -> Bool {
        let length = name.utf8CodeUnitCount
        precondition(length <= 32, "names of more than 32 bytes are not compared")
        guard found.length == length else { return false }
        if length < 8 { return found.first == name.word(at: 0, length) }
        return found.first == name.word(at: 0, 8)
            && found.last == name.word(at: length - 8, 8)
            && (length <= 16 || found.second == name.word(at: 8, 8))
            && (length <= 24 || found.third == name.word(at: 16, 8))
    }
}

extension StaticString {
    /// Up to eight bytes as a little-endian number; the compiler makes a constant of it.
    @inline(__always)
    func word(at offset: Int, _ count: Int) -> UInt64 {
        var word: UInt64 = 0
        for place in 0..<count {
            word |= UInt64(unsafe utf8Start[offset &+ place]) &<< UInt64(8 &* place)
        }
        return word
    }

    @inline(__always)
    func byte(at offset: Int) -> UInt8 { unsafe utf8Start[offset] }
}
