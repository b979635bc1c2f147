/// Finds what a JSON string cannot hold as it is, eight bytes at a time: prompts are long.
enum EscapeScanning {
    /// The place of the first control character, quotation mark or backslash.
    static func firstEscaped(in buffer: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var index = start
        while index < buffer.count {
            let end = min(index + 8, buffer.count)
            if end - index == 8,
                !mayNeedEscape(buffer.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            {
                index = end
                continue
            }
            while index < end {
                if needsEscape(buffer[index]) { return index }
                index += 1
            }
        }
        return nil
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// Never false where a byte needs escape.
    ///
    /// Source: "Determine if a word has a byte less than n", Bit Twiddling Hacks.
    private static func mayNeedEscape(_ word: UInt64) -> Bool {
        let quotes = word ^ 0x2222_2222_2222_2222
        let backslashes = word ^ 0x5C5C_5C5C_5C5C_5C5C
        let found =
            ((word &- 0x2020_2020_2020_2020) & ~word)
            | ((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes)
        return found & 0x8080_8080_8080_8080 != 0
    }

    private static let ones: UInt64 = 0x0101_0101_0101_0101
}
