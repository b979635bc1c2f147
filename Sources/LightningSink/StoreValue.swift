import OTLP

/// Brings attributes to the shapes that the store takes.
///
/// A value of any other shape makes the store refuse the whole request: it takes texts, flags,
/// finite numbers, and lists of one of these; bytes it shows as hexadecimal text.
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
        case .string, .bool, .int, .bytes: flat.append(KeyValue(key, value))
        case .double(let number):
            // The store would answer its readers null, which none of them takes.
            flat.append(KeyValue(key, number.isFinite ? value : .string("\(number)")))
        case .array(let elements):
            let isTaken = elements.isUniform && elements.allSatisfy(isFinite)
            flat.append(KeyValue(key, isTaken ? value : .string(JSONValue(value).text)))
        case .keyValueList(let entries):
            for entry in entries { append("\(key).\(entry.key)", entry.value, to: &flat) }
        }
    }

    private static func isFinite(_ value: AnyValue) -> Bool {
        if case .double(let number) = value { number.isFinite } else { true }
    }
}
