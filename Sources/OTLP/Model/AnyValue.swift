/// An `AnyValue` that stands on its own, for the edges of the system: rules, readings, tests.
///
/// Source: opentelemetry/proto/common/v1/common.proto, `AnyValue`.
public indirect enum AnyValue: Hashable, Sendable {
    /// No member of the oneof is set.
    case empty
    case string(String)
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case array([AnyValue])
    /// Entries in order; keys may repeat.
    case keyValueList([KeyValue])
    case bytes([UInt8])
}

/// An attribute that stands on its own.
public struct KeyValue: Hashable, Sendable {
    public var key: String
    public var value: AnyValue

    public init(_ key: String, _ value: AnyValue) {
        self.key = key
        self.value = value
    }
}

extension AnyValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByArrayLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(arrayLiteral elements: AnyValue...) { self = .array(elements) }
}

extension AnyValue {
    /// The text of a string value; nil for any other kind.
    public var stringValue: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The number of an int value; nil for any other kind.
    public var intValue: Int64? {
        if case .int(let number) = self { number } else { nil }
    }
}

extension [AnyValue] {
    /// Whether all are strings, all bools, all ints or all doubles; so are no elements.
    ///
    /// Many readers take only such lists.
    public var isUniform: Bool {
        allSatisfy { if case .string = $0 { true } else { false } }
            || allSatisfy { if case .bool = $0 { true } else { false } }
            || allSatisfy { if case .int = $0 { true } else { false } }
            || allSatisfy { if case .double = $0 { true } else { false } }
    }
}
