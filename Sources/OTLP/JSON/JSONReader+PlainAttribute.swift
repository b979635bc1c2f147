/// An attribute as encoders without white space write it.
struct JSONPlainAttribute {
    var key: Slice
    var value: Value

    enum Value {
        case string(JSONText)
        case int(Int64)
        case bool(Bool)
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
    /// its key is ASCII and has no escapes. Nil, and nothing taken, for all others.
    @inline(__always)
    mutating func takePlainAttribute() -> JSONPlainAttribute? {
        guard let start = startOfElement,
            let (attribute, end) = unsafe bytes.span.bytes.plainAttribute(at: start)
        else { return nil }
        finishElement(from: start, to: end)
        return attribute
    }
}

extension RawSpan {
    @inline(__always)
    fileprivate func plainAttribute(at start: Int) -> (JSONPlainAttribute, end: Int)? {
        guard holds("{\"key\":\"", at: start) else { return nil }
        let keyEnd = endOfPlainASCII(from: start &+ 8)
        let key = Slice(from: start &+ 8, to: keyEnd)
        guard holds("\",\"value\":{\"", at: keyEnd) else { return nil }
        let member = keyEnd &+ 12
        let (value, end): (JSONPlainAttribute.Value, Int)
        if holds("stringValue\":\"", at: member) {
            guard let text = jsonText(from: member &+ 14) else { return nil }
            (value, end) = (.string(text), text.range.upperBound &+ 1)
        } else if holds("intValue\":\"", at: member) {
            guard let (number, digitsEnd) = decimal(from: member &+ 11),
                let integer = Int64(exactly: number), holds(UInt8(ascii: "\""), at: digitsEnd)
            else { return nil }
            (value, end) = (.int(integer), digitsEnd &+ 1)
        } else if holds("boolValue\":true", at: member) {
            (value, end) = (.bool(true), member &+ 15)
        } else if holds("boolValue\":false", at: member) {
            (value, end) = (.bool(false), member &+ 16)
        } else {
            return nil
        }
        guard holds("}}", at: end) else { return nil }
        return (JSONPlainAttribute(key: key, value: value), end &+ 2)
    }

    /// Whether the literal stands here, compared by words.
    @inline(__always)
    fileprivate func holds(_ literal: StaticString, at offset: Int) -> Bool {
        let count = literal.utf8CodeUnitCount
        guard byteCount &- offset >= count else { return false }
        var place = 0
        while count &- place >= 8 {
            guard rawWord(at: offset &+ place) == literal.word(at: place, 8).littleEndian else {
                return false
            }
            place &+= 8
        }
        if place == count { return true }
        if count >= 8 {
            return rawWord(at: offset &+ count &- 8) == literal.word(at: count &- 8, 8).littleEndian
        }
        for rest in place..<count where byte(at: offset &+ rest) != literal.byte(at: rest) {
            return false
        }
        return true
    }
}
