import OTLP

extension ValueType {
    /// The value as an attribute of this type; nil where it cannot be one.
    func attributeValue(of value: JSONValue) -> AnyValue? {
        switch self {
        case .string: return value.isScalar || !value.isBlank ? .string(value.asText) : nil
        case .int: return value.integer.map { .int($0) }
        case .double: return value.number.map { .double($0) }
        case .bool:
            if case .bool(let flag) = value { return .bool(flag) }
            return nil
        case .strings:
            let elements = value.unwrapped.array ?? [value]
            return .array(elements.filter { $0 != .null }.map { .string($0.asText) })
        case .ints:
            guard let elements = value.unwrapped.array else { return nil }
            let numbers = elements.compactMap(\.integer)
            return numbers.count == elements.count ? .array(numbers.map { .int($0) }) : nil
        case .document: return .string(value.asText)
        case .any: return Self.natural(value)
        }
    }

    /// The value has this type on the wire. Integers pass as doubles: some SDKs know no other.
    func accepts(_ value: AnyValue) -> Bool {
        switch (self, value) {
        case (.string, .string), (.int, .int), (.double, .double), (.double, .int),
            (.bool, .bool), (.document, .string), (.any, _):
            true
        case (.strings, .array(let elements)): elements.allSatisfy { $0.stringValue != nil }
        case (.ints, .array(let elements)): elements.allSatisfy { $0.intValue != nil }
        default: false
        }
    }

    /// A scalar is of this type, or there is no value at all. Lists are not looked into.
    @inline(__always)
    func isScalarType(of value: FlatValue) -> Bool {
        switch (self, value) {
        case (.string, .string), (.int, .int), (.double, .double), (.double, .int),
            (.bool, .bool), (_, .empty):
            true
        default: false
        }
    }

    private static func natural(_ value: JSONValue) -> AnyValue? {
        switch value {
        case .null: return nil
        case .bool(let flag): return .bool(flag)
        case .int(let number): return .int(number)
        case .double(let number): return .double(number)
        case .string(let text): return .string(text)
        case .array(let elements) where elements.allSatisfy(\.isScalar):
            return .array(elements.compactMap { natural($0) })
        case .array, .object: return .string(value.text)
        }
    }
}
