import OTLP

/// Brings attributes to the shapes that the store takes.
///
/// A value of any other shape makes the store refuse the whole request: it takes texts, flags,
/// numbers, and lists of one of these; bytes it shows as hexadecimal text.
enum StoreValue {
    /// The attributes with maps flattened to dotted keys, lists of mixed or nested values as JSON
    /// text, and empty values left out.
    static func flattened(_ attributes: [KeyValue]) -> [KeyValue] {
        var flat: [KeyValue] = []
        flat.reserveCapacity(attributes.count)
        for attribute in attributes { append(attribute.key, attribute.value, to: &flat) }
        return flat
    }

    private static func append(_ key: String, _ value: AnyValue, to flat: inout [KeyValue]) {
        switch value {
        case .empty: break
        case .string, .bool, .int, .double, .bytes: flat.append(KeyValue(key, value))
        case .array(let elements):
            flat.append(KeyValue(key, elements.isUniform ? value : .string(JSONValue(value).text)))
        case .keyValueList(let entries):
            for entry in entries { append("\(key).\(entry.key)", entry.value, to: &flat) }
        }
    }
}

extension JSONValue {
    /// The JSON that reads most like the value; bytes become hexadecimal text, as the store does.
    fileprivate init(_ value: AnyValue) {
        switch value {
        case .empty: self = .null
        case .string(let text): self = .string(text)
        case .bool(let flag): self = .bool(flag)
        case .int(let number): self = .int(number)
        case .double(let number): self = .double(number)
        case .bytes(let content):
            let digits = Array("0123456789abcdef")
            self = .string(
                String(content.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }))
        case .array(let elements): self = .array(elements.map { JSONValue($0) })
        case .keyValueList(let entries):
            self = .object(entries.map { Member($0.key, JSONValue($0.value)) })
        }
    }
}
