extension JSONValue {
    /// Nesting beyond this is never read, whatever the caller asks for: a value is released and
    /// compared recursively.
    static let deepest = 512

    /// Reads one JSON text in UTF-8.
    ///
    /// Integers that do not fit 64 bits become doubles. Lone surrogates and bytes that are not UTF-8
    /// become U+FFFD. Members whose names repeat are all kept.
    /// - Parameter maximumDepth: how many arrays and objects may be open at once; at most 512.
    /// - Complexity: linear in the bytes.
    public init(
        parsing bytes: some Collection<UInt8>, maximumDepth: Int = 128
    ) throws(JSONError) {
        var reader = JSONReader(
            Array(bytes), maximumDepth: Swift.min(maximumDepth, Self.deepest))
        self = try reader.readWholeValue()
    }

    /// Reads one JSON text; see `init(parsing:maximumDepth:)` of bytes.
    public init(parsing text: String, maximumDepth: Int = 128) throws(JSONError) {
        try self.init(parsing: text.utf8, maximumDepth: maximumDepth)
    }
}

extension JSONReader {
    /// Reads the text's one value and makes sure that nothing follows it.
    fileprivate mutating func readWholeValue() throws(JSONError) -> JSONValue {
        var open: [OpenContainer] = []
        while true {
            let value: JSONValue
            switch try next() {
            case .beginObject, .beginArray:
                open.append(OpenContainer())
                continue
            case .name(let name):
                open[open.count - 1].name = string(name)
                continue
            case .endObject: value = .object(open.popLast()?.members ?? [])
            case .endArray: value = .array(open.popLast()?.elements ?? [])
            case .string(let text): value = .string(string(text))
            case .number(let number): value = self.value(number)
            case .bool(let flag): value = .bool(flag)
            case .null, .end: value = .null
            }
            guard !open.isEmpty else {
                _ = try next()
                return value
            }
            open[open.count - 1].append(value)
        }
    }
}

/// An array or object whose end has not been read yet.
private struct OpenContainer {
    /// The name of the member whose value comes next; nil in an array.
    var name: String?
    var members: [JSONValue.Member] = []
    var elements: [JSONValue] = []

    mutating func append(_ value: JSONValue) {
        if let name {
            members.append(JSONValue.Member(name, value))
        } else {
            elements.append(value)
        }
    }
}
