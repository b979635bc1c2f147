/// Reads the protobuf wire format; every read is checked against the end of its message.
///
/// Source: https://protobuf.dev/programming-guides/encoding/
struct WireCursor: ~Escapable {
    /// As deep as the reference parsers go.
    static let maximumGroupDepth = 100

    let body: RawSpan
    /// The next byte; where a read throws, the first byte of what could not be read.
    var position = 0
    /// The tag of the field that is being read.
    private(set) var fieldStart = 0
    private var budget: NodeBudget
    /// Values deeper than this are passed over.
    let depthLimit: Int

    @_lifetime(copy body)
    init(_ body: RawSpan, limits: DecodingLimits = .standard) {
        self.body = body
        budget = NodeBudget(limits)
        depthLimit = min(limits.maximumValueDepth, TraceBatch.maximumValueDepth)
    }

    @inline(__always)
    func byte(at offset: Int) -> UInt8 {
        body.byte(at: offset)
    }

    @inline(__always)
    @_lifetime(self: copy self)
    mutating func charge(_ nodes: Int = 1) throws(WireError) {
        guard budget.charge(nodes) else { throw .tooManyNodes }
    }

    /// The tag of the next field: its number and wire type.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func tag(before end: Int) throws(WireError) -> UInt32 {
        fieldStart = position
        return try nestedTag(before: end)
    }

    @inline(__always)
    @_lifetime(self: copy self)
    private mutating func nestedTag(before end: Int) throws(WireError) -> UInt32 {
        if position < end {
            let first = byte(at: position)
            if first < 0x80 {
                position &+= 1
                return UInt32(first)
            }
        }
        return try longTag(before: end)
    }

    @inline(never)
    @_lifetime(self: copy self)
    private mutating func longTag(before end: Int) throws(WireError) -> UInt32 {
        let start = position
        let word = try varint(before: end)
        guard position - start <= 5, let tag = UInt32(exactly: word) else {
            position = start
            throw .tagTooLong
        }
        return tag
    }

    @inline(__always)
    @_lifetime(self: copy self)
    mutating func varint(before end: Int) throws(WireError) -> UInt64 {
        if position < end {
            let first = byte(at: position)
            if first < 0x80 {
                position &+= 1
                return UInt64(first)
            }
        }
        return try longVarint(before: end)
    }

    @inline(never)
    @_lifetime(self: copy self)
    private mutating func longVarint(before end: Int) throws(WireError) -> UInt64 {
        var word: UInt64 = 0
        var shift: UInt64 = 0
        var offset = position
        while offset < end {
            let next = byte(at: offset)
            offset += 1
            // Of a tenth byte only the lowest bit fits; parsers drop the others.
            word |= UInt64(next & 0x7F) &<< shift
            if next < 0x80 {
                position = offset
                return word
            }
            shift += 7
            if shift == 70 { throw .varintTooLong }
        }
        throw .varintTruncated
    }

    /// The length of what follows, which is within the message.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func length(before end: Int) throws(WireError) -> Int {
        let start = position
        let length = try varint(before: end)
        // A position is never beyond its end, and a length that passes is below 2^31.
        guard length <= UInt64(truncatingIfNeeded: end &- position) else {
            position = start
            throw .lengthExceedsMessage
        }
        return Int(truncatingIfNeeded: length)
    }

    /// The end of the message that follows.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func messageEnd(before end: Int) throws(WireError) -> Int {
        let length = try length(before: end)
        return position &+ length
    }

    /// The bytes of a length-delimited field.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func slice(before end: Int) throws(WireError) -> Slice {
        let length = try length(before: end)
        let slice = Slice(
            offset: UInt32(truncatingIfNeeded: position),
            length: UInt32(truncatingIfNeeded: length))
        position &+= length
        return slice
    }

    @inline(__always)
    @_lifetime(self: copy self)
    mutating func fixed64(before end: Int) throws(WireError) -> UInt64 {
        guard end &- position >= 8 else { throw .fixedTruncated }
        let word = body.rawWord(at: position)
        position &+= 8
        return UInt64(littleEndian: word)
    }

    @inline(__always)
    @_lifetime(self: copy self)
    mutating func fixed32(before end: Int) throws(WireError) -> UInt32 {
        guard end &- position >= 4 else { throw .fixedTruncated }
        let word = unsafe body.unsafeLoadUnaligned(fromByteOffset: position, as: UInt32.self)
        position &+= 4
        return UInt32(littleEndian: word)
    }

    /// Goes past the value of a field whose tag has been read.
    @inline(never)
    @_lifetime(self: copy self)
    mutating func skip(_ tag: UInt32, before end: Int) throws(WireError) {
        try skip(tag, from: fieldStart, before: end, depth: 0)
    }

    @_lifetime(self: copy self)
    private mutating func skip(
        _ tag: UInt32, from start: Int, before end: Int, depth: Int
    ) throws(WireError) {
        guard tag >= 8 else {
            position = start
            throw .fieldNumberZero
        }
        switch tag & 7 {
        case 0: _ = try varint(before: end)
        case 1: _ = try fixed64(before: end)
        case 2: _ = try slice(before: end)
        case 3: try skipGroup(tag >> 3, from: start, before: end, depth: depth)
        case 4:
            position = start
            throw .groupEndWithoutStart
        case 5: _ = try fixed32(before: end)
        default:
            position = start
            throw .wireTypeReserved
        }
    }

    @_lifetime(self: copy self)
    private mutating func skipGroup(
        _ number: UInt32, from start: Int, before end: Int, depth: Int
    ) throws(WireError) {
        guard depth < Self.maximumGroupDepth else {
            position = start
            throw .groupTooDeep
        }
        while position < end {
            let fieldStart = position
            let tag = try nestedTag(before: end)
            if tag & 7 != 4 {
                try skip(tag, from: fieldStart, before: end, depth: depth + 1)
            } else if tag >> 3 == number {
                return
            } else {
                position = fieldStart
                throw .groupEndMismatched
            }
        }
        position = start
        throw .groupUnterminated
    }
}
