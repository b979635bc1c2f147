/// A 64-bit hash that stays the same between processes.
///
/// It tells whether a stored row differs from what a revision holds. It is not cryptographic: who
/// makes two versions of one span collide keeps only the older version of that span of their own.
public struct ContentHash: Sendable {
    @usableFromInline var state: UInt64 = 0x2545_F491_4F6C_DD1D

    @inlinable public init() {}

    @inlinable public mutating func add(_ word: UInt64) {
        let product = (state ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        state = (product.high ^ product.low) &+ (state << 23 | state >> 41)
    }

    @inlinable public mutating func add(_ bytes: ArraySlice<UInt8>) {
        add(UInt64(bytes.count))
        bytes.withUnsafeBytes { buffer in
            var offset = 0
            while offset + 8 <= buffer.count {
                add(buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                offset += 8
            }
            guard offset < buffer.count else { return }
            var tail: UInt64 = 0
            for byte in buffer[offset...] { tail = tail << 8 | UInt64(byte) }
            add(tail)
        }
    }

    @inlinable public mutating func add(_ text: String) { add(Array(text.utf8)[...]) }

    /// The hash, as the signed number that stores keep.
    @inlinable public var value: Int64 {
        var mixed = state
        mixed = (mixed ^ mixed >> 32) &* 0xD6E8_FEB8_6659_FD93
        return Int64(bitPattern: mixed ^ mixed >> 32)
    }
}
