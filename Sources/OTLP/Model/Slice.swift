/// A range of the bytes that a batch owns.
///
/// It means nothing without its batch; `TraceBatch.string(_:)` and `TraceBatch.span(_:)` check it
/// against that batch's bytes.
public struct Slice: Hashable, Sendable {
    /// Bytes from the batch's first byte.
    public var offset: UInt32
    /// Bytes.
    public var length: UInt32

    @inlinable
    public init(offset: UInt32, length: UInt32) {
        self.offset = offset
        self.length = length
    }

    public static let empty = Slice(offset: 0, length: 0)

    public var isEmpty: Bool { length == 0 }

    @inlinable @inline(__always)
    var range: Range<Int> { Int(offset)..<Int(offset) + Int(length) }

    /// - Precondition: both are within a body, whose size 32 bits hold.
    @inline(__always)
    init(from start: Int, to end: Int) {
        self.init(
            offset: UInt32(truncatingIfNeeded: start),
            length: UInt32(truncatingIfNeeded: end &- start))
    }

    @inlinable @inline(__always)
    init(packed: UInt64) {
        self.init(
            offset: UInt32(truncatingIfNeeded: packed >> 32),
            length: UInt32(truncatingIfNeeded: packed))
    }

    @inlinable @inline(__always)
    var packed: UInt64 { UInt64(offset) << 32 | UInt64(length) }
}

/// A run of neighbours in one of a batch's arrays: attributes, events or links.
public struct RecordRange: Hashable, Sendable {
    public var start: UInt32
    public var count: UInt32

    public init(start: UInt32, count: UInt32) {
        self.start = start
        self.count = count
    }

    public static let empty = RecordRange(start: 0, count: 0)

    public var isEmpty: Bool { count == 0 }

    /// The indices in the array that the range is of.
    public var indices: Range<Int> { Int(start)..<Int(start) + Int(count) }
}
