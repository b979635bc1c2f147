public import OTLP

/// FNV-1a over 64 bits with a final mix: the same bytes give the same ids in every process, for ever.
///
/// Ids that mending makes up come from it, so its results are part of the stored format.
public struct StableHash: Sendable {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    public init() {}

    public init(_ text: String) {
        combine(text)
    }

    public mutating func combine(byte: UInt8) {
        state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }

    public mutating func combine(bytes: some Sequence<UInt8>) {
        for byte in bytes { combine(byte: byte) }
    }

    /// Adds a text and its length, so that neighbours cannot run into each other.
    public mutating func combine(_ text: String) {
        combine(bytes: text.utf8)
        combine(UInt64(text.utf8.count))
    }

    public mutating func combine(_ word: UInt64) {
        for place in 0..<8 { combine(byte: UInt8(truncatingIfNeeded: word >> UInt64(8 * place))) }
    }

    /// The finalizer of splitmix64: neighbouring inputs get ids that share nothing.
    public var value: UInt64 {
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A valid span id.
    public var spanID: SpanID { SpanID(word: value == 0 ? 1 : value) }

    /// A valid trace id.
    public var traceID: TraceID {
        var second = self
        second.combine(byte: 1)
        return TraceID(high: value, low: second.value == 0 ? 1 : second.value)
    }
}
