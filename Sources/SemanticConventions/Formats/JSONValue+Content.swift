import OTLP

extension JSONValue {
    /// Reads text as JSON, or as a Python literal where it is none; nil where it is neither.
    init?(contentOf text: String) {
        if let value = try? JSONValue(parsing: text) {
            self = value
        } else if let first = text.utf8.first(where: { $0 != 32 }),
            [UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "(")].contains(first),
            let value = PythonLiteral.parse(text)
        {
            self = value
        } else {
            return nil
        }
    }

    /// A structure that is written as text, or as JSON text of that text, read; everything else as
    /// it is.
    var unwrapped: JSONValue {
        guard case .string(let text) = self,
            let first = text.utf8.first(where: { $0 != 32 && $0 != 10 })
        else { return self }
        switch first {
        case UInt8(ascii: "{"), UInt8(ascii: "["): return JSONValue(contentOf: text) ?? self
        case UInt8(ascii: "\""):
            guard let inner = (try? JSONValue(parsing: text))?.string,
                [UInt8(ascii: "{"), UInt8(ascii: "[")].contains(inner.utf8.first),
                let value = JSONValue(contentOf: inner)
            else { return self }
            return value
        default: return self
        }
    }

    /// Text as it is, other values as JSON text.
    var asText: String { string ?? text }

    var isScalar: Bool {
        switch self {
        case .array, .object, .null: false
        default: true
        }
    }

    /// Nothing that tells anything: null, "", [], {}.
    var isBlank: Bool {
        switch self {
        case .null: true
        case .string(let text): text.isEmpty
        case .array(let elements): elements.isEmpty
        case .object(let members): members.isEmpty
        default: false
        }
    }

    /// The first member of these names that is there and not null.
    func first(of names: String...) -> JSONValue? {
        for name in names {
            if let value = self[name], value != .null { return value }
        }
        return nil
    }

    /// The number as an integer, if it is one; text of a number counts.
    var integer: Int64? {
        switch self {
        case .int(let number): number
        case .double(let number): Int64(exactly: number)
        case .string(let text):
            Int64(text.trimmed) ?? Double(text.trimmed).flatMap { Int64(exactly: $0) }
        case .object: self["intValue"]?.integer
        default: nil
        }
    }

    /// The number, if it is a finite one; text of a number counts.
    var number: Double? {
        let number: Double? =
            switch self {
            case .int(let number): Double(number)
            case .double(let number): number
            case .string(let text): Double(text.trimmed)
            default: nil
            }
        return number.flatMap { $0.isFinite ? $0 : nil }
    }

    init(_ value: AnyValue) {
        switch value {
        case .empty, .bytes: self = .null
        case .string(let text): self = .string(text)
        case .bool(let flag): self = .bool(flag)
        case .int(let number): self = .int(number)
        case .double(let number): self = .double(number)
        case .array(let elements): self = .array(elements.map { JSONValue($0) })
        case .keyValueList(let entries):
            self = .object(entries.map { Member($0.key, JSONValue($0.value)) })
        }
    }
}
