/// Ids that came as text in a field of bytes. Nothing is lost in them, so they can be read.
///
/// Some producers put the hexadecimal digits themselves into the field. Others make protobuf of
/// OTLP/JSON with a general converter, which takes those digits for base64.
enum IDText {
    /// The words of an id of so many bytes; nil where the bytes are neither kind of text.
    static func words(_ bytes: ArraySlice<UInt8>, idLength: Int) -> [UInt64]? {
        switch bytes.count {
        case idLength * 2: return words(hexadecimal: Array(bytes))
        case idLength * 3 / 2: return words(hexadecimal: base64(bytes))
        default: return nil
        }
    }

    private static func words(hexadecimal digits: [UInt8]) -> [UInt64]? {
        var words: [UInt64] = []
        for start in stride(from: 0, to: digits.count, by: 16) {
            guard let word = UInt64(hexadecimal: digits[start..<start + 16]) else { return nil }
            words.append(word)
        }
        return words
    }

    /// The text of bytes whose count is a multiple of three.
    private static func base64(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: 3) {
            let group =
                UInt32(bytes[start]) << 16 | UInt32(bytes[start + 1]) << 8
                | UInt32(bytes[start + 2])
            for place in 0..<4 { text.append(digit(UInt8((group >> UInt32(18 - 6 * place)) & 63))) }
        }
        return text
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        switch value {
        case 0..<26: UInt8(ascii: "A") + value
        case 26..<52: UInt8(ascii: "a") + value - 26
        case 52..<62: UInt8(ascii: "0") + value - 52
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }
}
