extension JSONValue {
    /// A value as plain JSON: key-value lists become objects, bytes become lower-case hexadecimal,
    /// numbers that JSON cannot hold become text.
    public init(_ value: AnyValue) {
        switch value {
        case .empty: self = .null
        case .string(let text): self = .string(text)
        case .bool(let flag): self = .bool(flag)
        case .int(let number): self = .int(number)
        case .double(let number):
            self = number.isFinite ? .double(number) : .string("\(number)")
        case .array(let elements): self = .array(elements.map { JSONValue($0) })
        case .keyValueList(let entries):
            self = .object(entries.map { Member($0.key, JSONValue($0.value)) })
        case .bytes(let bytes):
            let digits = bytes.flatMap {
                [hexadecimalDigit(of: $0 >> 4), hexadecimalDigit(of: $0 & 15)]
            }
            self = .string(String(decoding: digits, as: UTF8.self))
        }
    }
}

extension AnyValue {
    /// The value that a JSON value stands for; objects become key-value lists.
    public init(_ json: JSONValue) {
        switch json {
        case .null: self = .empty
        case .bool(let flag): self = .bool(flag)
        case .int(let number): self = .int(number)
        case .double(let number): self = .double(number)
        case .string(let text): self = .string(text)
        case .array(let elements): self = .array(elements.map { AnyValue($0) })
        case .object(let members):
            self = .keyValueList(members.map { KeyValue($0.name, AnyValue($0.value)) })
        }
    }
}
