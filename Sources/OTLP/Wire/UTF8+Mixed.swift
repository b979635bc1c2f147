// Text that is not ASCII, sixteen bytes a turn. Every byte is judged by itself and by the three before it, and nothing
// branches on what characters there are: their mixture costs nothing.
extension RawSpan {
    /// Whether a range of these bytes, before which a character ends, is well-formed UTF-8.
    @inline(never)
    func isMixedUTF8(_ start: Int, _ end: Int) -> Bool {
        var faults = UTF8Faults(repeating: false)
        var place = start
        var earlier: UInt64 = 0
        if end &- place >= 16 {
            faults = UTF8Block.faults(
                littleEndianWord(at: place), littleEndianWord(at: place &+ 8), after: 0)
            place &+= 16
            while end &- place >= 64 {
                faults .|= faultsOfFourBlocks(at: place)
                place &+= 64
            }
            while end &- place >= 16 {
                faults .|= faultsOfBlock(at: place)
                place &+= 16
            }
            earlier = littleEndianWord(at: place &- 8)
        }
        // At least one zero follows the text, and so a character that is cut off is a fault.
        let rest = end &- place
        let words =
            rest >= 8
            ? (littleEndianWord(at: place), shortWord(at: place &+ 8, rest &- 8))
            : (shortWord(at: place, rest), 0)
        faults .|= UTF8Block.faults(words.0, words.1, after: earlier)
        return faults.isEmpty
    }

    @inline(__always)
    private func littleEndianWord(at offset: Int) -> UInt64 {
        UInt64(littleEndian: rawWord(at: offset))
    }

    /// The block's faults; at least three bytes of the text are before it.
    @inline(__always)
    private func faultsOfBlock(at place: Int) -> UTF8Faults {
        extracting(place &- 3..<place &+ 16).faultsOfBlock(in: 3)
    }

    /// Four blocks with their bounds checked once. Where all are ASCII, the first one shows whether a character before
    /// them is cut off.
    @inline(__always)
    private func faultsOfFourBlocks(at place: Int) -> UTF8Faults {
        let window = extracting(place &- 3..<place &+ 64)
        var faults = window.faultsOfBlock(in: 3)
        if !window.isASCIIFrom3 {
            faults .|= window.faultsOfBlock(in: 19)
            faults .|= window.faultsOfBlock(in: 35)
            faults .|= window.faultsOfBlock(in: 51)
        }
        return faults
    }

    @inline(__always)
    private var isASCIIFrom3: Bool {
        var bits: UInt64 = 0
        for place in stride(from: 3, to: 67, by: 8) { bits |= rawWord(at: place) }
        return bits & 0x8080_8080_8080_8080 == 0
    }

    @inline(__always)
    private func faultsOfBlock(in offset: Int) -> UTF8Faults {
        UTF8Block.faults(
            block(at: offset), block(at: offset &- 1), block(at: offset &- 2),
            block(at: offset &- 3))
    }

    @inline(__always)
    private func block(at offset: Int) -> UTF8Block {
        unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UTF8Block.self)
    }
}

// The operators that take a vector and a number, and the bitwise ones of integer vectors, are not
// specialised and take up to a hundred times as long. Those of masks are.
private typealias UTF8Block = SIMD16<UInt8>
private typealias UTF8Faults = SIMDMask<SIMD16<Int8>>

extension UTF8Faults {
    fileprivate var isEmpty: Bool {
        let halves = unsafe unsafeBitCast(self, to: SIMD2<UInt64>.self)
        return halves.x | halves.y == 0
    }
}

extension UTF8Block {
    /// The faults of sixteen bytes, given as two little-endian words, after a word that was judged.
    @inline(__always)
    fileprivate static func faults(
        _ low: UInt64, _ high: UInt64, after earlier: UInt64
    ) -> UTF8Faults {
        faults(
            Self(low, high),
            Self(low &<< 8 | earlier &>> 56, high &<< 8 | low &>> 56),
            Self(low &<< 16 | earlier &>> 48, high &<< 16 | low &>> 48),
            Self(low &<< 24 | earlier &>> 40, high &<< 24 | low &>> 40))
    }

    @inline(__always)
    private init(_ low: UInt64, _ high: UInt64) {
        self = unsafe unsafeBitCast(
            SIMD2(low.littleEndian, high.littleEndian), to: UTF8Block.self)
    }

    /// Marks bytes that Table 3-7 of the Unicode Standard does not allow where they are, or behind
    /// which it does not allow what follows.
    ///
    /// A second byte that is below 80 or above BF is a fault anyhow, so its bounds are tested on one
    /// side only.
    @inline(__always)
    fileprivate static func faults(
        _ byte: UTF8Block, _ before: UTF8Block, _ twoBefore: UTF8Block, _ threeBefore: UTF8Block
    ) -> UTF8Faults {
        let isDue =
            before.isAtLeast(0xC0) .| twoBefore.isAtLeast(0xE0) .| threeBefore.isAtLeast(0xF0)
        let isBelowA0 = byte.isBelowSigned(0xA0)
        let isBelow90 = byte.isBelowSigned(0x90)
        return (isDue .^ byte.isBelowSigned(0xC0))  // 80…BF
            .| byte.equals(0xC0) .| byte.equals(0xC1) .| byte.isAtLeast(0xF5)
            .| (before.equals(0xE0) .& isBelowA0)
            .| (before.equals(0xED) .& .!isBelowA0)
            .| (before.equals(0xF0) .& isBelow90)
            .| (before.equals(0xF4) .& .!isBelow90)
    }

    @inline(__always)
    private func isAtLeast(_ bound: UInt8) -> UTF8Faults {
        let bound = UTF8Block(repeating: bound)
        return self .>= bound
    }

    @inline(__always)
    private func equals(_ other: UInt8) -> UTF8Faults {
        let other = UTF8Block(repeating: other)
        return self .== other
    }

    /// Compares signed bytes, of which 80 is the least and 7F the greatest.
    @inline(__always)
    private func isBelowSigned(_ bound: UInt8) -> UTF8Faults {
        let bound = SIMD16<Int8>(repeating: Int8(bitPattern: bound))
        return unsafe unsafeBitCast(self, to: SIMD16<Int8>.self) .< bound
    }
}
