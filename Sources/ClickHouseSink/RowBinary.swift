import OTLP

/// Writes values in ClickHouse's RowBinary format.
///
/// Source: https://clickhouse.com/docs/interfaces/formats/RowBinary
struct RowBinary {
    private(set) var bytes: [UInt8] = []

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    /// Takes back what was written beyond so many bytes.
    mutating func cut(to count: Int) { bytes.removeLast(bytes.count - count) }

    mutating func write(raw content: [UInt8]) { bytes.append(contentsOf: content) }

    /// The length of a text or array: LEB128.
    mutating func write(count: Int) {
        var rest = UInt64(count)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func write(_ text: ArraySlice<UInt8>) {
        write(count: text.count)
        bytes.append(contentsOf: text)
    }

    mutating func write(_ text: String) {
        write(count: text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    mutating func write<Number: FixedWidthInteger>(_ number: Number) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func write(_ flag: Bool) { bytes.append(flag ? 1 : 0) }

    mutating func write(_ number: Double) { write(number.bitPattern) }

    /// A `DateTime64(9)`: nanoseconds since 1970. It ends in 2262; what is later counts as its end.
    mutating func write(time unixNano: UInt64) {
        write(Int64(clamping: unixNano))
    }

    /// The 32 digits of an id; empty where there is none.
    mutating func write(_ id: TraceID) {
        guard id.isValid else { return write(count: 0) }
        write(count: 32)
        write(hexadecimal: id.high)
        write(hexadecimal: id.low)
    }

    /// The 16 digits of an id; empty where there is none.
    mutating func write(_ id: SpanID) {
        guard id.isValid else { return write(count: 0) }
        write(count: 16)
        write(hexadecimal: id.word)
    }

    private mutating func write(hexadecimal word: UInt64) {
        for place in stride(from: 60, through: 0, by: -4) {
            let nibble = UInt8(truncatingIfNeeded: word >> UInt64(place)) & 15
            bytes.append(nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10)
        }
    }
}
