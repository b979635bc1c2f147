/// The 16 bytes that name a trace, as two big-endian words.
///
/// All zero means "no id": the specification calls such an id invalid.
public struct TraceID: Hashable, Sendable {
    public var high: UInt64
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    public static let invalid = TraceID(high: 0, low: 0)

    public var isValid: Bool { high | low != 0 }
}

/// The 8 bytes that name a span within its trace, as one big-endian word. Zero means "no id".
public struct SpanID: Hashable, Sendable {
    public var word: UInt64

    public init(word: UInt64) {
        self.word = word
    }

    public static let invalid = SpanID(word: 0)

    public var isValid: Bool { word != 0 }
}

extension TraceID: CustomStringConvertible, Comparable {
    /// Reads 32 hexadecimal digits of either case; nil for anything else.
    public init?(hexadecimal text: some StringProtocol) {
        let digits = text.utf8
        guard digits.count == 32,
            let high = UInt64(hexadecimal: digits.prefix(16)),
            let low = UInt64(hexadecimal: digits.dropFirst(16))
        else { return nil }
        self.init(high: high, low: low)
    }

    /// 32 lower-case hexadecimal digits.
    public var description: String { high.hexadecimal + low.hexadecimal }

    public static func < (left: TraceID, right: TraceID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension SpanID: CustomStringConvertible, Comparable {
    /// Reads 16 hexadecimal digits of either case; nil for anything else.
    public init?(hexadecimal text: some StringProtocol) {
        let digits = text.utf8
        guard digits.count == 16, let word = UInt64(hexadecimal: digits) else { return nil }
        self.init(word: word)
    }

    /// 16 lower-case hexadecimal digits.
    public var description: String { word.hexadecimal }

    public static func < (left: SpanID, right: SpanID) -> Bool { left.word < right.word }
}

/// What names one span among all: span ids are unique only within their trace.
public struct SpanKey: Hashable, Sendable {
    public var traceID: TraceID
    public var spanID: SpanID

    public init(traceID: TraceID, spanID: SpanID) {
        self.traceID = traceID
        self.spanID = spanID
    }
}

extension SpanKey: Comparable, CustomStringConvertible {
    public var description: String { "\(traceID)/\(spanID)" }

    public static func < (left: SpanKey, right: SpanKey) -> Bool {
        (left.traceID, left.spanID) < (right.traceID, right.spanID)
    }
}

extension UInt64 {
    /// The value of up to 16 hexadecimal digits.
    init?(hexadecimal digits: some Sequence<UInt8>) {
        var word: UInt64 = 0
        for digit in digits {
            guard let value = hexadecimalValue(of: digit) else { return nil }
            word = word << 4 | UInt64(value)
        }
        self = word
    }

    /// The value of the 16 hexadecimal digits that lie in these bytes.
    ///
    /// Eight bytes a turn: of digits and letters the low four bits, and nine more for letters, are
    /// the value.
    init?(hexadecimal bytes: RawSpan, at offset: Int) {
        guard let high = Self.eightDigits(UInt64(bigEndian: bytes.rawWord(at: offset))),
            let low = Self.eightDigits(UInt64(bigEndian: bytes.rawWord(at: offset + 8)))
        else { return nil }
        self = high << 32 | low
    }

    private static func eightDigits(_ text: UInt64) -> UInt64? {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs = ones << 7
        let lower = text | ones &* 0x20
        // For bytes below 128, adding 128 − n sets the highest bit of those that are n or more.
        let isDigit = (text &+ ones &* 0x50) & ~(text &+ ones &* 0x46)
        let isLetter = (lower &+ ones &* 0x1F) & ~(lower &+ ones &* 0x19)
        guard text & highs == 0, (isDigit | isLetter) & highs == highs else { return nil }
        var nibbles = text & (ones &* 0x0F) &+ (isLetter & highs) >> 7 &* 9
        nibbles = (nibbles | nibbles >> 4) & 0x00FF_00FF_00FF_00FF
        nibbles = (nibbles | nibbles >> 8) & 0x0000_FFFF_0000_FFFF
        return (nibbles | nibbles >> 16) & 0xFFFF_FFFF
    }

    /// 16 lower-case hexadecimal digits.
    var hexadecimal: String {
        unsafe String(unsafeUninitializedCapacity: 16) { text in
            for place in 0..<16 {
                let nibble = UInt8(truncatingIfNeeded: self >> UInt64(60 - 4 * place)) & 15
                unsafe text[place] = hexadecimalDigit(of: nibble)
            }
            return 16
        }
    }
}

@inline(__always)
func hexadecimalValue(of digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}

@inline(__always)
func hexadecimalDigit(of nibble: UInt8) -> UInt8 {
    nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
}
