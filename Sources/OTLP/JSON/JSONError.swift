/// Why a text is not JSON: where, what was expected there, and what was found.
///
/// Source: RFC 8259.
public struct JSONError: Error, Hashable, Sendable {
    /// What the grammar allows at the place of the error.
    public enum Expected: Hashable, Sendable {
        case value
        case memberName
        case memberNameOrEndOfObject
        case colon
        case commaOrEndOfObject
        case commaOrEndOfArray
        case closingQuote
        case escape
        case hexadecimalDigit
        case digit
        case endOfText
        /// Arrays and objects nested no deeper than this.
        case depth(atMost: Int)
    }

    /// What stands at the place of the error.
    public enum Found: Hashable, Sendable {
        case byte(UInt8)
        case byteOrderMark
        case endOfText
    }

    /// Bytes from the start of the text.
    public var offset: Int
    public var expected: Expected
    public var found: Found

    public init(offset: Int, expected: Expected, found: Found) {
        self.offset = offset
        self.expected = expected
        self.found = found
    }
}

extension JSONError: CustomStringConvertible {
    public var description: String { "byte \(offset): expected \(expected), found \(found)" }
}

extension JSONError.Expected: CustomStringConvertible {
    public var description: String {
        switch self {
        case .value: "a JSON value"
        case .memberName: "a member name in quotation marks"
        case .memberNameOrEndOfObject: "a member name in quotation marks or '}'"
        case .colon: "':'"
        case .commaOrEndOfObject: "',' or '}'"
        case .commaOrEndOfArray: "',' or ']'"
        case .closingQuote: "a character of a string or '\"'"
        case .escape: "one of \" \\ / b f n r t u after '\\'"
        case .hexadecimalDigit: "a hexadecimal digit"
        case .digit: "a digit"
        case .endOfText: "the end of the text"
        case .depth(let limit): "at most \(limit) arrays and objects inside each other"
        }
    }
}

extension JSONError.Found: CustomStringConvertible {
    public var description: String {
        switch self {
        case .byte(let byte) where (0x20..<0x7F).contains(byte):
            "'\(Character(Unicode.Scalar(byte)))'"
        case .byte(let byte): "byte 0x\(byte < 16 ? "0" : "")\(String(byte, radix: 16))"
        case .byteOrderMark: "a byte order mark"
        case .endOfText: "the end of the text"
        }
    }
}
