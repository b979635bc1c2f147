/// An attribute as encoders without white space write it.
struct JSONPlainAttribute {
    var key: Range<Int>
    var value: Value

    enum Value {
        case string(Range<Int>)
        case int(Int64)
    }
}

// Nearly all attributes of an export look alike, byte by byte:
//
//     {"key":"http.route","value":{"stringValue":"/items"}}
//     {"key":"server.port","value":{"intValue":"443"}}
//
// These are read in one step instead of a dozen tokens.
extension JSONReader {
    /// Takes the next element of an array of `KeyValue`, with the comma before it, if it looks so;
    /// its texts are ASCII and have no escapes. Nil, and nothing taken, for all others.
    mutating func takePlainAttribute() -> JSONPlainAttribute? {
        guard let start = startOfElement,
            let (attribute, end) = unsafe bytes.span.bytes.plainAttribute(at: start)
        else { return nil }
        finishElement(from: start, to: end)
        return attribute
    }
}

extension RawSpan {
    fileprivate func plainAttribute(at start: Int) -> (JSONPlainAttribute, end: Int)? {
        guard holds(0x7B22_6B65_7922_3A22, at: start) else { return nil }  // {"key":"
        let key = start &+ 8
        let keyEnd = endOfPlainASCII(from: key)
        // ","value":{"
        guard byteCount &- keyEnd >= 32, holds(0x222C_2276_616C_7565, at: keyEnd),
            holds(0x7565_223A_7B22, at: keyEnd &+ 6, bytes: 6)
        else { return nil }
        let member = keyEnd &+ 12
        if holds(0x7374_7269_6E67_5661, at: member),  // stringVa
            holds(0x6C75_6522_3A22, at: member &+ 8, bytes: 6)  // lue":"
        {
            let content = member &+ 14
            let end = endOfPlainASCII(from: content)
            guard holds(0x227D_7D, at: end, bytes: 3) else { return nil }  // "}}
            let attribute = JSONPlainAttribute(key: key..<keyEnd, value: .string(content..<end))
            return (attribute, end &+ 3)
        }
        // intValue":"
        guard holds(0x696E_7456_616C_7565, at: member),
            holds(0x223A_22, at: member &+ 8, bytes: 3),
            let (number, end) = decimal(from: member &+ 11),
            holds(0x227D_7D, at: end, bytes: 3)
        else { return nil }
        return (JSONPlainAttribute(key: key..<keyEnd, value: .int(number)), end &+ 3)
    }

    /// Whether eight bytes are these, the first one the highest; false at the end.
    @inline(__always)
    fileprivate func holds(_ word: UInt64, at offset: Int) -> Bool {
        byteCount &- offset >= 8 && UInt64(bigEndian: rawWord(at: offset)) == word
    }

    /// Whether fewer than eight bytes are these.
    @inline(__always)
    fileprivate func holds(_ word: UInt64, at offset: Int, bytes: Int) -> Bool {
        guard byteCount &- offset >= 8 else { return false }
        let unused = UInt64(truncatingIfNeeded: 64 &- 8 &* bytes)
        return UInt64(bigEndian: rawWord(at: offset)) &>> unused == word
    }

    /// A number of at most 18 digits, and where it ends.
    @inline(__always)
    fileprivate func decimal(from start: Int) -> (Int64, end: Int)? {
        var number: Int64 = 0
        var place = start
        while place < byteCount {
            let digit = byte(at: place) &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            guard place &- start < 18 else { return nil }
            number = number &* 10 &+ Int64(digit)
            place &+= 1
        }
        return place > start ? (number, place) : nil
    }
}
