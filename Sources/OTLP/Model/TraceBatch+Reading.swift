extension TraceBatch {
    /// The bytes of a slice, bounds checked.
    @inlinable
    public func bytes(_ slice: Slice) -> ArraySlice<UInt8> {
        bytes[slice.range]
    }

    /// The text of a slice; bytes that are not UTF-8 become U+FFFD.
    public func string(_ slice: Slice) -> String {
        String(decoding: bytes[slice.range], as: UTF8.self)
    }

    /// Whether a slice holds exactly this text, without making a string.
    public func text(_ slice: Slice, equals text: StaticString) -> Bool {
        guard Int(slice.length) == text.utf8CodeUnitCount else { return false }
        var index = Int(slice.offset)
        for offset in 0..<text.utf8CodeUnitCount {
            if unsafe bytes[index] != text.utf8Start[offset] { return false }
            index += 1
        }
        return true
    }

    /// The key of an attribute.
    public func key(of attribute: Attribute) -> String { string(attribute.key) }

    /// The value of an attribute, made to stand on its own.
    public func anyValue(of attribute: Attribute) -> AnyValue { anyValue(attribute.value) }

    /// The attributes of a range, in order.
    public func attributes(_ range: RecordRange) -> ArraySlice<Attribute> {
        attributes[range.indices]
    }

    /// The last attribute of the range with this key: where a key repeats, the last one counts.
    /// - Complexity: linear in the range.
    public func attribute(_ key: String, in range: RecordRange) -> Attribute? {
        let wanted = key.utf8
        return attributes[range.indices].last { attribute in
            Int(attribute.key.length) == wanted.count
                && bytes[attribute.key.range].elementsEqual(wanted)
        }
    }

    /// The last value of the range with this key.
    public func value(_ key: String, in range: RecordRange) -> AnyValue? {
        attribute(key, in: range).map { anyValue($0.value) }
    }

    /// The attributes of a range, made to stand on their own.
    public func keyValues(_ range: RecordRange) -> [KeyValue] {
        attributes[range.indices].map { KeyValue(key(of: $0), anyValue($0.value)) }
    }

    /// The resource that a span belongs to.
    public func resource(of span: SpanRecord) -> ResourceRecord {
        resources[Int(scopes[Int(span.scope)].resource)]
    }

    /// The instrumentation scope that a span belongs to.
    public func scope(of span: SpanRecord) -> ScopeRecord { scopes[Int(span.scope)] }
}
