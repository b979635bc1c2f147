extension JSONMessageReader {
    /// A 64-bit integer, as a number or as text.
    mutating func int64() throws(DecodingError) -> Int64 {
        try integer("a 64-bit integer") { $0.int64 }
    }

    /// An unsigned 64-bit integer, as a number or as text.
    mutating func uint64() throws(DecodingError) -> UInt64 {
        try integer("an unsigned 64-bit integer") { $0.uint64 }
    }

    /// An unsigned 32-bit integer, as a number or as text.
    mutating func uint32() throws(DecodingError) -> UInt32 {
        try integer("an unsigned 32-bit integer") { $0.uint64.flatMap(UInt32.init(exactly:)) }
    }

    /// A 32-bit integer, as a number or as text.
    mutating func int32() throws(DecodingError) -> Int32 {
        try integer("a 32-bit integer") { $0.int64.flatMap(Int32.init(exactly:)) }
    }

    private mutating func integer<Value: FixedWidthInteger>(
        _ expected: String, _ value: (Decimal64) -> Value?
    ) throws(DecodingError) -> Value {
        if let number = takeInteger(atMost: UInt64(Value.max)) {
            return Value(truncatingIfNeeded: number)
        }
        let token = try next()
        let digits: ArraySlice<UInt8>
        switch token {
        case .null: return 0
        case .number(let number): digits = tokens.bytes[number.range]
        case .string(let text): digits = content(text)
        default: throw mismatch(expected, token)
        }
        guard let integer = Decimal64(digits).flatMap(value) else {
            throw mismatch(expected, token)
        }
        return integer
    }

    /// An enumeration, as a number or by the name of its value.
    ///
    /// A name that this version does not know reads as 0, as an unknown member would be ignored.
    mutating func enumeration(
        _ number: (JSONFieldName) -> Int32?
    ) throws(DecodingError) -> Int32 {
        if let number = takeInteger(atMost: UInt64(Int32.max)) {
            return Int32(truncatingIfNeeded: number)
        }
        let token = try next()
        switch token {
        case .null: return 0
        case .number(let written):
            guard
                let value = Decimal64(tokens.bytes[written.range])?.int64
                    .flatMap(Int32.init(exactly:))
            else { throw mismatch("an enumeration", token) }
            return value
        case .string(let text):
            let name = content(text)
            if let known = number(JSONFieldName(name)) { return known }
            return Decimal64(name)?.int64.flatMap(Int32.init(exactly:)) ?? 0
        default: throw mismatch("an enumeration", token)
        }
    }

    mutating func bool() throws(DecodingError) -> Bool {
        switch try next() {
        case .bool(let flag): return flag
        case .null: return false
        case let other: throw mismatch("a boolean", other)
        }
    }

    /// A double, as a number or as text, which may be `NaN`, `Infinity` or `-Infinity`.
    mutating func double() throws(DecodingError) -> Double {
        let token = try next()
        switch token {
        case .null: return 0
        case .number(let number): return tokens.double(tokens.bytes[number.range])
        case .string(let text):
            let digits = content(text)
            switch JSONFieldName(digits) {
            case "NaN": return .nan
            case "Infinity": return .infinity
            case "-Infinity": return -.infinity
            default:
                // The grammar of JSON numbers, so that the words and hexadecimal digits which
                // Swift reads are refused.
                var reader = JSONReader(Array(digits), maximumDepth: 0)
                guard let first = digits.first, first > 0x20,
                    case .number(let number)? = try? reader.next(),
                    number.range.count == digits.count
                else { throw mismatch("a number", token) }
                return tokens.double(digits)
            }
        default: throw mismatch("a number", token)
        }
    }

    /// Bytes in base64, of the standard or the URL alphabet, with or without padding.
    mutating func base64() throws(DecodingError) -> [UInt8] {
        guard let text = try text() else { return [] }
        guard let bytes = [UInt8](base64: content(text)) else {
            throw failure("expected base64, found other text")
        }
        return bytes
    }
}

extension [UInt8] {
    /// Reads base64 of either alphabet, padded or not; nil for anything else.
    ///
    /// Source: RFC 4648, sections 4 and 5.
    init?(base64 text: ArraySlice<UInt8>) {
        var digits = text
        if digits.count & 3 == 0 {
            for _ in 0..<2 where digits.last == UInt8(ascii: "=") { digits.removeLast() }
        }
        guard digits.count & 3 != 1 else { return nil }
        self = []
        reserveCapacity(digits.count / 4 * 3 + 2)
        var bits: UInt32 = 0
        var count = 0
        for digit in digits {
            let value: UInt8
            switch digit {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = digit - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = digit - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0") + 52
            case UInt8(ascii: "+"), UInt8(ascii: "-"): value = 62
            case UInt8(ascii: "/"), UInt8(ascii: "_"): value = 63
            default: return nil
            }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
    }
}
