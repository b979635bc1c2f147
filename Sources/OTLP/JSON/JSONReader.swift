/// One token of a JSON text.
enum JSONToken: Sendable {
    case beginObject, endObject, beginArray, endArray
    /// The name of a member; its colon is read, its value comes next.
    case name(JSONText)
    case string(JSONText)
    case number(JSONNumber)
    case bool(Bool)
    case null
    /// The text is over.
    case end
}

/// A string as it stands between its quotation marks.
struct JSONText: Sendable {
    var range: Range<Int>
    var hasEscapes: Bool
    var isValidUTF8: Bool

    /// The bytes are the text itself.
    var isPlain: Bool { !hasEscapes && isValidUTF8 }
}

/// A number as it is written.
struct JSONNumber: Sendable {
    var range: Range<Int>
    var hasFractionOrExponent: Bool
}

/// Reads the tokens of one JSON text, one after another.
///
/// It keeps one bit for each open array or object and never recurses, so that no nesting can exhaust
/// the stack. It is strict where RFC 8259 is, and lenient only with bytes that are not UTF-8.
struct JSONReader: Sendable {
    let bytes: [UInt8]
    let maximumDepth: Int
    /// Bytes from the start of the text to the next unread one.
    var position = 0
    /// Where the last token began.
    var tokenStart = 0
    var containers = BitStack()
    var expectation = Expectation.value

    enum Expectation {
        case value, valueOrEndOfArray, nameOrEndOfObject, commaOrEnd, end
    }

    init(_ bytes: [UInt8], maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    /// How many arrays and objects are open.
    var depth: Int { containers.count }

    mutating func next() throws(JSONError) -> JSONToken {
        skipWhitespace()
        tokenStart = position
        switch expectation {
        case .value: return try readValue()
        case .valueOrEndOfArray:
            if peek() == UInt8(ascii: "]") { return close() }
            return try readValue()
        case .nameOrEndOfObject:
            if peek() == UInt8(ascii: "}") { return close() }
            return try readName(orElse: .memberNameOrEndOfObject)
        case .commaOrEnd: return try readAfterValue()
        case .end:
            guard position == bytes.count else { throw error(.endOfText) }
            return .end
        }
    }

    private mutating func readAfterValue() throws(JSONError) -> JSONToken {
        let isObject = containers.top
        switch peek() {
        case UInt8(ascii: ","):
            position += 1
            skipWhitespace()
            tokenStart = position
            return isObject ? try readName(orElse: .memberName) : try readValue()
        case UInt8(ascii: "}") where isObject: return close()
        case UInt8(ascii: "]") where !isObject: return close()
        default: throw error(isObject ? .commaOrEndOfObject : .commaOrEndOfArray)
        }
    }

    private mutating func readName(
        orElse expected: JSONError.Expected
    ) throws(JSONError) -> JSONToken {
        guard peek() == UInt8(ascii: "\"") else { throw error(expected) }
        let name = try readText()
        skipWhitespace()
        guard peek() == UInt8(ascii: ":") else { throw error(.colon) }
        position += 1
        expectation = .value
        return .name(name)
    }

    private mutating func readValue() throws(JSONError) -> JSONToken {
        guard let byte = peek() else { throw error(.value) }
        switch byte {
        case UInt8(ascii: "\""):
            let text = try readText()
            valueEnded()
            return .string(text)
        case UInt8(ascii: "{"):
            try open(isObject: true)
            return .beginObject
        case UInt8(ascii: "["):
            try open(isObject: false)
            return .beginArray
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            let number = try readNumber()
            valueEnded()
            return .number(number)
        case UInt8(ascii: "t"):
            try readLiteral("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try readLiteral("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try readLiteral("null")
            return .null
        default: throw error(.value)
        }
    }

    private mutating func open(isObject: Bool) throws(JSONError) {
        guard containers.count < maximumDepth else { throw error(.depth(atMost: maximumDepth)) }
        containers.push(isObject)
        position += 1
        expectation = isObject ? .nameOrEndOfObject : .valueOrEndOfArray
    }

    mutating func close() -> JSONToken {
        let isObject = containers.pop()
        position += 1
        valueEnded()
        return isObject ? .endObject : .endArray
    }

    @inline(__always)
    mutating func valueEnded() {
        expectation = containers.count == 0 ? .end : .commaOrEnd
    }

    private mutating func readLiteral(_ literal: StaticString) throws(JSONError) {
        let start = position
        for place in 0..<literal.utf8CodeUnitCount {
            guard let byte = peek(), unsafe byte == literal.utf8Start[place] else {
                position = start
                throw error(.value)
            }
            position += 1
        }
        valueEnded()
    }
}

extension JSONReader {
    /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
    private mutating func readNumber() throws(JSONError) -> JSONNumber {
        let start = position
        var hasFractionOrExponent = false
        if peek() == UInt8(ascii: "-") { position += 1 }
        if peek() == UInt8(ascii: "0") { position += 1 } else { try readDigits() }
        if peek() == UInt8(ascii: ".") {
            position += 1
            hasFractionOrExponent = true
            try readDigits()
        }
        if let byte = peek(), byte | 0x20 == UInt8(ascii: "e") {
            position += 1
            hasFractionOrExponent = true
            if let sign = peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
                position += 1
            }
            try readDigits()
        }
        return JSONNumber(
            range: start..<position, hasFractionOrExponent: hasFractionOrExponent)
    }

    private mutating func readDigits() throws(JSONError) {
        let start = position
        while let byte = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            position += 1
        }
        if position == start { throw error(.digit) }
    }

    /// Reads from the opening quotation mark to behind the closing one.
    @inline(__always)
    private mutating func readText() throws(JSONError) -> JSONText {
        guard let text = unsafe bytes.span.bytes.jsonText(from: position &+ 1) else {
            throw try faultOfText()
        }
        position = text.range.upperBound &+ 1
        return text
    }

    /// Goes through a string that does not end as one, to what is wrong in it.
    @inline(never)
    private mutating func faultOfText() throws(JSONError) -> JSONError {
        position += 1
        while let byte = peek(), byte >= 0x20, byte != UInt8(ascii: "\"") {
            if byte == UInt8(ascii: "\\") { try readEscape() } else { position += 1 }
        }
        return error(.closingQuote)
    }

    private mutating func readEscape() throws(JSONError) {
        position += 1
        switch peek() {
        case UInt8(ascii: "u"):
            position += 1
            for _ in 0..<4 {
                guard let byte = peek(), hexadecimalValue(of: byte) != nil else {
                    throw error(.hexadecimalDigit)
                }
                position += 1
            }
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
            UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        default: throw error(.escape)
        }
    }

    @inline(__always)
    private mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    @inline(__always)
    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private func error(_ expected: JSONError.Expected) -> JSONError {
        let found: JSONError.Found
        if position >= bytes.count {
            found = .endOfText
        } else if bytes[position...].starts(with: [0xEF, 0xBB, 0xBF]) {
            found = .byteOrderMark
        } else {
            found = .byte(bytes[position])
        }
        return JSONError(offset: position, expected: expected, found: found)
    }
}
