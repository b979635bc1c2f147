extension JSONValue {
    /// The JSON text as UTF-8, on one line or indented by two spaces.
    ///
    /// Doubles read back as equal doubles; NaN and the infinities become the strings "NaN",
    /// "Infinity" and "-Infinity".
    public func serialized(pretty: Bool = false) -> [UInt8] {
        var writer = JSONWriter(pretty: pretty)
        writer.write(self)
        return writer.bytes
    }

    /// The JSON text on one line.
    public var text: String { String(decoding: serialized(), as: UTF8.self) }
}

extension JSONWriter {
    fileprivate mutating func write(_ value: JSONValue) {
        switch value {
        case .null: null()
        case .bool(let flag): bool(flag)
        case .int(let number): int(number)
        case .double(let number): double(number)
        case .string(let text): string(text)
        case .array(let elements):
            beginArray()
            for element in elements { write(element) }
            endArray()
        case .object(let members):
            beginObject()
            for member in members {
                name(text: member.name)
                write(member.value)
            }
            endObject()
        }
    }
}
