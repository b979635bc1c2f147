extension JSONReader {
    /// The text of a string; lone surrogates and bytes that are not UTF-8 become U+FFFD.
    func string(_ text: JSONText) -> String {
        guard text.hasEscapes else { return String(decoding: bytes[text.range], as: UTF8.self) }
        var unescaped: [UInt8] = []
        unescaped.reserveCapacity(text.range.count)
        _ = appendUnescaped(text, to: &unescaped)
        return String(decoding: unescaped, as: UTF8.self)
    }

    /// Appends the text of a string as UTF-8.
    /// - Returns: whether something had to be replaced by U+FFFD.
    func append(_ text: JSONText, to target: inout [UInt8]) -> Bool {
        guard !text.isValidUTF8 else { return appendUnescaped(text, to: &target) }
        target.append(contentsOf: string(text).utf8)
        return true
    }

    private func appendUnescaped(_ text: JSONText, to target: inout [UInt8]) -> Bool {
        guard text.hasEscapes else {
            target.append(contentsOf: bytes[text.range])
            return false
        }
        var isRepaired = false
        var index = text.range.lowerBound
        while index < text.range.upperBound {
            let escape = unsafe bytes.span.bytes.firstBackslash(
                in: index..<text.range.upperBound)
            target.append(contentsOf: bytes[index..<escape])
            index = escape
            guard index < text.range.upperBound else { break }
            switch bytes[index + 1] {
            case UInt8(ascii: "u"):
                guard let scalar = readScalar(at: &index, before: text.range.upperBound) else {
                    target.append(contentsOf: [0xEF, 0xBF, 0xBD])
                    isRepaired = true
                    continue
                }
                target.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
                continue
            case UInt8(ascii: "b"): target.append(0x08)
            case UInt8(ascii: "f"): target.append(0x0C)
            case UInt8(ascii: "n"): target.append(0x0A)
            case UInt8(ascii: "r"): target.append(0x0D)
            case UInt8(ascii: "t"): target.append(0x09)
            case let itself: target.append(itself)
            }
            index += 2
        }
        return isRepaired
    }

    /// Reads `\uXXXX`, or two of them that make a surrogate pair; nil for a lone surrogate.
    private func readScalar(at index: inout Int, before end: Int) -> Unicode.Scalar? {
        let unit = codeUnit(at: index + 2)
        index += 6
        guard (0xD800...0xDBFF).contains(unit) else { return Unicode.Scalar(unit) }
        guard end - index >= 6, bytes[index] == UInt8(ascii: "\\"),
            bytes[index + 1] == UInt8(ascii: "u")
        else { return nil }
        let low = codeUnit(at: index + 2)
        guard (0xDC00...0xDFFF).contains(low) else { return nil }
        index += 6
        return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
    }

    private func codeUnit(at index: Int) -> UInt32 {
        bytes[index..<index + 4].reduce(0) { unit, digit in
            unit << 4 | UInt32(hexadecimalValue(of: digit) ?? 0)
        }
    }

    /// The number, as an integer where it is written as one and fits.
    func value(_ number: JSONNumber) -> JSONValue {
        let digits = bytes[number.range]
        if !number.hasFractionOrExponent, let integer = Decimal64(digits)?.int64 {
            return .int(integer)
        }
        return .double(double(digits))
    }

    /// The nearest double; infinite where the number is beyond its range.
    func double(_ digits: ArraySlice<UInt8>) -> Double {
        if let decimal = Decimal64(digits), let exact = decimal.exactDouble { return exact }
        return Double(String(decoding: digits, as: UTF8.self)) ?? .nan
    }
}
