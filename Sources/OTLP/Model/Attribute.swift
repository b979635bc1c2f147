/// A small number that stands for an attribute key of a `KeyTable`.
public struct KeyID: Hashable, Sendable {
    public var number: UInt16

    public init(number: UInt16) {
        self.number = number
    }

    /// The key is none of the table's.
    public static let unknown = KeyID(number: 0)
}

/// One `KeyValue`: a key and a value that point into the batch's bytes.
public struct Attribute: Sendable {
    public var key: Slice
    /// What the value's bits are: a number, or a packed `Slice`.
    @usableFromInline var bits: UInt64
    public var keyID: KeyID
    @usableFromInline var kind: Kind

    @usableFromInline
    enum Kind: UInt8, Sendable {
        case empty, string, bool, int, double, array, keyValueList, bytes
    }

    public init(key: Slice, keyID: KeyID = .unknown, value: FlatValue) {
        self.key = key
        self.keyID = keyID
        (kind, bits) = value.parts
    }

    @inline(__always)
    init(key: Slice, keyID: KeyID, kind: Kind, bits: UInt64) {
        self.key = key
        self.bits = bits
        self.keyID = keyID
        self.kind = kind
    }

    /// A `KeyValue` whose `value` is absent, which reads as empty and is encoded as it came.
    static var withoutValue: Attribute {
        var attribute = Attribute(key: .empty, value: .empty)
        attribute.bits = 1
        return attribute
    }

    var isWithoutValue: Bool { kind == .empty && bits == 1 }

    /// Sets the value by its parts.
    @inline(__always)
    mutating func set(_ kind: Kind, _ bits: UInt64) {
        self.kind = kind
        self.bits = bits
    }

    /// The value; scalars are here, everything longer is a slice of the batch's bytes.
    public var value: FlatValue {
        @inlinable get { FlatValue(kind: kind, bits: bits) }
        set { (kind, bits) = newValue.parts }
    }
}

/// An `AnyValue` as it lies in a batch.
///
/// `array` and `keyValueList` hold the bytes of the wire message `ArrayValue` or `KeyValueList`,
/// validated when they were decoded; `TraceBatch.anyValue(_:)` reads them.
public enum FlatValue: Sendable {
    /// No member of the oneof was set.
    case empty
    case string(Slice)
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case array(Slice)
    case keyValueList(Slice)
    case bytes(Slice)

    @inlinable
    init(kind: Attribute.Kind, bits: UInt64) {
        switch kind {
        case .empty: self = .empty
        case .string: self = .string(Slice(packed: bits))
        case .bool: self = .bool(bits != 0)
        case .int: self = .int(Int64(bitPattern: bits))
        case .double: self = .double(Double(bitPattern: bits))
        case .array: self = .array(Slice(packed: bits))
        case .keyValueList: self = .keyValueList(Slice(packed: bits))
        case .bytes: self = .bytes(Slice(packed: bits))
        }
    }

    @inline(__always)
    var parts: (Attribute.Kind, UInt64) {
        switch self {
        case .empty: (.empty, 0)
        case .string(let slice): (.string, slice.packed)
        case .bool(let flag): (.bool, flag ? 1 : 0)
        case .int(let number): (.int, UInt64(bitPattern: number))
        case .double(let number): (.double, number.bitPattern)
        case .array(let slice): (.array, slice.packed)
        case .keyValueList(let slice): (.keyValueList, slice.packed)
        case .bytes(let slice): (.bytes, slice.packed)
        }
    }
}
