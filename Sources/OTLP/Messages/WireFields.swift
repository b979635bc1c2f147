// Fields of small messages, written from front to back.
extension [UInt8] {
    mutating func append(varint: UInt64) {
        var rest = varint
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    /// Appends a length-delimited field; its number is below 16.
    mutating func append(field: UInt8, _ content: some Collection<UInt8>) {
        append(field << 3 | 2)
        append(varint: UInt64(content.count))
        append(contentsOf: content)
    }

    /// Appends a varint field, unless it is the default; its number is below 16.
    mutating func append(field: UInt8, varint: UInt64) {
        guard varint != 0 else { return }
        append(field << 3)
        append(varint: varint)
    }
}
