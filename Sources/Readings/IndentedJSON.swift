/// A JSON text on one line, with line breaks and two spaces for each level.
///
/// It goes by bytes, so that a text of any size and depth takes no more memory than its result.
/// - Parameter text: valid JSON without white space between its tokens.
public func indentedJSON(_ text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count + text.count / 2)
    var level = 0
    var isInString = false
    var isEscaped = false
    func breakLine() {
        result.append(UInt8(ascii: "\n"))
        for _ in 0..<2 * level { result.append(UInt8(ascii: " ")) }
    }
    for (place, byte) in text.enumerated() {
        if isInString {
            result.append(byte)
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
            }
            continue
        }
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            result.append(byte)
            let next = place + 1 < text.count ? text[place + 1] : 0
            // `{` and `[` come two before their ends.
            guard next != byte + 2 else { continue }
            level += 1
            breakLine()
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            if text[place - 1] != byte - 2 {
                level -= 1
                breakLine()
            }
            result.append(byte)
        case UInt8(ascii: ","):
            result.append(byte)
            breakLine()
        case UInt8(ascii: ":"):
            result.append(byte)
            result.append(UInt8(ascii: " "))
        default:
            if byte == UInt8(ascii: "\"") { isInString = true }
            result.append(byte)
        }
    }
    return result
}
