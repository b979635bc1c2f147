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
    private(set) var position = 0
    /// Where the last token began.
    private(set) var tokenStart = 0
    private var containers = BitStack()
    private var expectation = Expectation.value

    private enum Expectation {
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

    /// Where the next element of the innermost array begins, if it follows without white space.
    var startOfElement: Int? {
        switch expectation {
        case .valueOrEndOfArray: return position
        case .commaOrEnd where !containers.top && peek() == UInt8(ascii: ","): return position + 1
        default: return nil
        }
    }

    /// Goes on behind an element of an array that was read as a whole.
    mutating func finishElement(from start: Int, to end: Int) {
        tokenStart = start
        position = end
        expectation = .commaOrEnd
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

    private mutating func close() -> JSONToken {
        let isObject = containers.pop()
        position += 1
        valueEnded()
        return isObject ? .endObject : .endArray
    }

    private mutating func valueEnded() {
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
        let start = position &+ 1
        position = unsafe bytes.span.bytes.endOfPlainASCII(from: start)
        if position < bytes.count, bytes[position] == UInt8(ascii: "\"") {
            position &+= 1
            return JSONText(
                range: start..<position &- 1, hasEscapes: false, isValidUTF8: true)
        }
        return try readLongText(from: start)
    }

    /// Goes on at the first byte of a string that is a character of its own kind.
    @inline(never)
    private mutating func readLongText(from start: Int) throws(JSONError) -> JSONText {
        var text = JSONText(range: start..<start, hasEscapes: false, isValidUTF8: true)
        while true {
            guard let byte = peek() else { throw error(.closingQuote) }
            switch byte {
            case UInt8(ascii: "\""):
                text.range = start..<position
                position += 1
                return text
            case UInt8(ascii: "\\"):
                text.hasEscapes = true
                try readEscape()
            case 0x80...:
                let length = bytes.lengthOfUTF8Sequence(at: position)
                if length == 0 { text.isValidUTF8 = false }
                position += max(length, 1)
            default: throw error(.closingQuote)
            }
            position = unsafe bytes.span.bytes.endOfPlainASCII(from: position)
        }
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

/// A stack of bits: which of the open containers are objects.
struct BitStack: Sendable {
    private var words: [UInt64] = []
    private(set) var count = 0

    /// The bit on top; false when the stack is empty.
    var top: Bool {
        guard count > 0 else { return false }
        let place = count - 1
        return words[place >> 6] >> UInt64(place & 63) & 1 == 1
    }

    mutating func push(_ bit: Bool) {
        if count >> 6 == words.count { words.append(0) }
        let mask = UInt64(1) << UInt64(count & 63)
        if bit { words[count >> 6] |= mask } else { words[count >> 6] &= ~mask }
        count += 1
    }

    mutating func pop() -> Bool {
        let bit = top
        if count > 0 { count -= 1 }
        return bit
    }
}
