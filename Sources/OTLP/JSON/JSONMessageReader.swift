/// Reads the JSON mapping of protobuf messages: what a field may look like, whatever message it is of.
///
/// `null` reads as the field's default. Errors name the element that could not be read.
///
/// Source: protobuf.dev, "ProtoJSON Format".
struct JSONMessageReader: Sendable {
    private(set) var tokens: JSONReader
    /// A token that was read to see what comes, and not taken.
    private var pending: JSONToken?
    /// Texts that had lone surrogates or bytes that are not UTF-8.
    private(set) var repairedTexts = 0

    init(_ body: [UInt8]) {
        // Tokens cost a bit for each level and no stack, so unknown members may nest as they like.
        tokens = JSONReader(body, maximumDepth: .max)
    }

    mutating func next() throws(DecodingError) -> JSONToken {
        if let token = pending {
            pending = nil
            return token
        }
        do {
            return try tokens.next()
        } catch {
            throw DecodingError(
                location: tokens.location(of: error.offset), offset: error.offset,
                reason: "expected \(error.expected), found \(error.found)")
        }
    }

    /// Whether the next value is `null`; then it is passed over.
    mutating func skipNull() throws(DecodingError) -> Bool {
        let token = try next()
        if case .null = token { return true }
        pending = token
        return false
    }

    /// Whether the array ends here; then its end is passed over.
    mutating func skipEndOfArray() throws(DecodingError) -> Bool {
        let token = try next()
        if case .endArray = token { return true }
        pending = token
        return false
    }

    /// Enters an object; false for `null`.
    mutating func beginObject() throws(DecodingError) -> Bool {
        if pending == nil, tokens.takeBeginning(ofObject: true) { return true }
        switch try next() {
        case .beginObject: return true
        case .null: return false
        case let other: throw mismatch("an object", other)
        }
    }

    /// Enters an array; false for `null`.
    mutating func beginArray() throws(DecodingError) -> Bool {
        if pending == nil, tokens.takeBeginning(ofObject: false) { return true }
        switch try next() {
        case .beginArray: return true
        case .null: return false
        case let other: throw mismatch("an array", other)
        }
    }

    /// Takes the next element of an array of `KeyValue` if it looks as most do.
    @inline(__always)
    mutating func takePlainAttribute() -> JSONPlainAttribute? {
        pending == nil ? tokens.takePlainAttribute() : nil
    }

    /// Enters the next object of an array, passing over `null`; false at the array's end.
    mutating func nextObject() throws(DecodingError) -> Bool {
        if pending == nil, tokens.takeObjectOfArray() { return true }
        while true {
            switch try next() {
            case .beginObject: return true
            case .endArray: return false
            case .null: continue
            case let other: throw mismatch("an object", other)
            }
        }
    }

    /// The name of the object's next member; nil at the object's end.
    mutating func nextName() throws(DecodingError) -> JSONFieldName? {
        if pending == nil {
            if let name = tokens.takeName() { return name }
            if tokens.takeEndOfObject() { return nil }
        }
        guard case .name(let name) = try next() else { return nil }
        guard !name.isPlain else {
            return unsafe JSONFieldName(tokens.bytes.span.bytes, name.range)
        }
        return JSONFieldName(unescaped(name))
    }

    /// Takes an integer of at most 19 digits, as a number or as text, if nothing else is there.
    mutating func takeInteger(atMost maximum: UInt64) -> UInt64? {
        pending == nil ? tokens.takeInteger(atMost: maximum) : nil
    }

    /// Skips a value, of whatever kind and depth.
    mutating func skipValue() throws(DecodingError) {
        switch try next() {
        case .beginObject, .beginArray:
            let outside = tokens.depth - 1
            while tokens.depth > outside { _ = try next() }
        default: break
        }
    }

    /// Makes sure that nothing follows the body's one value.
    mutating func end() throws(DecodingError) { _ = try next() }

    /// A string, as it stands in the body; nil for `null`.
    mutating func text() throws(DecodingError) -> JSONText? {
        if pending == nil, let text = tokens.takeText() { return text }
        switch try next() {
        case .string(let text): return text
        case .null: return nil
        case let other: throw mismatch("a string", other)
        }
    }

    /// Appends the text of a string as UTF-8.
    mutating func append(_ text: JSONText, to target: inout [UInt8]) {
        if tokens.append(text, to: &target) { repairedTexts += 1 }
    }

    /// The text of a string as UTF-8.
    mutating func content(_ text: JSONText) -> ArraySlice<UInt8> {
        text.isPlain ? tokens.bytes[text.range] : unescaped(text)[...]
    }

    private mutating func unescaped(_ text: JSONText) -> [UInt8] {
        var content: [UInt8] = []
        append(text, to: &content)
        return content
    }

    func mismatch(_ expected: String, _ found: JSONToken) -> DecodingError {
        failure("expected \(expected), found \(found.kind)")
    }

    /// An error about the token that was read last.
    func failure(_ reason: String, kind: DecodingError.Kind = .malformed) -> DecodingError {
        DecodingError(
            kind: kind, location: tokens.location(of: tokens.tokenStart), offset: tokens.tokenStart,
            reason: reason)
    }
}

extension JSONToken {
    /// What the token is, for messages; never its content, which may be a prompt.
    var kind: String {
        switch self {
        case .beginObject: "an object"
        case .beginArray: "an array"
        case .endObject: "the end of the object"
        case .endArray: "the end of the array"
        case .name: "a member name"
        case .string: "a string"
        case .number: "a number"
        case .bool: "a boolean"
        case .null: "null"
        case .end: "the end of the text"
        }
    }
}
