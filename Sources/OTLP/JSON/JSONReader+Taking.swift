// What encoders write: no white space, and names without escapes. It is read without making a token, and whatever does
// not look so is left for `next()`, with nothing taken.
extension JSONReader {
    /// Takes the name of the object's next member, with the comma before it and its colon.
    @inline(__always)
    mutating func takeName() -> JSONFieldName? {
        var start = position
        switch expectation {
        case .nameOrEndOfObject: break
        case .commaOrEnd where containers.top && holds(UInt8(ascii: ","), at: start): start &+= 1
        default: return nil
        }
        guard let (name, end) = unsafe bytes.span.bytes.plainName(at: start) else { return nil }
        tokenStart = start
        position = end
        expectation = .value
        return name
    }

    /// Takes the end of the innermost object.
    @inline(__always)
    mutating func takeEndOfObject() -> Bool {
        switch expectation {
        case .nameOrEndOfObject: break
        case .commaOrEnd where containers.top: break
        default: return false
        }
        guard holds(UInt8(ascii: "}"), at: position) else { return false }
        tokenStart = position
        _ = close()
        return true
    }

    /// Takes a string that is the value of a member.
    @inline(__always)
    mutating func takeText() -> JSONText? {
        guard expectation == .value, holds(UInt8(ascii: "\""), at: position),
            let text = unsafe bytes.span.bytes.jsonText(from: position &+ 1)
        else { return nil }
        finishMember(at: text.range.upperBound &+ 1)
        return text
    }

    /// Takes an integer of at most 19 digits that is the value of a member, as a number or as text.
    @inline(__always)
    mutating func takeInteger(atMost maximum: UInt64) -> UInt64? {
        guard expectation == .value,
            let (number, end) = unsafe bytes.span.bytes.plainInteger(at: position),
            number <= maximum
        else { return nil }
        finishMember(at: end)
        return number
    }

    @inline(__always)
    private mutating func finishMember(at end: Int) {
        tokenStart = position
        position = end
        valueEnded()
    }

    /// Enters an object or array that is the value of a member.
    @inline(__always)
    mutating func takeBeginning(ofObject isObject: Bool) -> Bool {
        guard expectation == .value else { return false }
        return enter(isObject, at: position)
    }

    /// Enters the innermost array's next element, an object.
    @inline(__always)
    mutating func takeObjectOfArray() -> Bool {
        guard let start = startOfElement else { return false }
        return enter(true, at: start)
    }

    @inline(__always)
    private mutating func enter(_ isObject: Bool, at start: Int) -> Bool {
        let bracket = isObject ? UInt8(ascii: "{") : UInt8(ascii: "[")
        guard holds(bracket, at: start), depth < maximumDepth else { return false }
        tokenStart = start
        position = start &+ 1
        containers.push(isObject)
        expectation = isObject ? .nameOrEndOfObject : .valueOrEndOfArray
        return true
    }

    /// Where the next element of the innermost array begins, if it follows without white space.
    @inline(__always)
    var startOfElement: Int? {
        switch expectation {
        case .valueOrEndOfArray: return position
        case .commaOrEnd
        where !containers.top && depth > 0
            && holds(UInt8(ascii: ","), at: position):
            return position &+ 1
        default: return nil
        }
    }

    /// Goes on behind an element of an array that was read as a whole.
    @inline(__always)
    mutating func finishElement(from start: Int, to end: Int) {
        tokenStart = start
        position = end
        expectation = .commaOrEnd
    }
}

extension JSONReader {
    @inline(__always)
    private func holds(_ byte: UInt8, at offset: Int) -> Bool {
        unsafe bytes.span.bytes.holds(byte, at: offset)
    }
}

extension RawSpan {
    /// A member's name with its quotation marks and colon, and where the value begins.
    @inline(__always)
    fileprivate func plainName(at start: Int) -> (JSONFieldName, end: Int)? {
        guard holds(UInt8(ascii: "\""), at: start) else { return nil }
        let end = endOfPlainASCII(from: start &+ 1)
        guard byteCount &- end >= 2, twoBytes(at: end) == 0x3A22 else { return nil }  // ":
        return (JSONFieldName(self, start &+ 1, end &- start &- 1), end &+ 2)
    }

    /// An integer without sign, and where it ends.
    @inline(__always)
    fileprivate func plainInteger(at start: Int) -> (UInt64, end: Int)? {
        if holds(UInt8(ascii: "\""), at: start) {
            guard let (number, end) = decimal(from: start &+ 1), holds(UInt8(ascii: "\""), at: end)
            else { return nil }
            return (number, end &+ 1)
        }
        // Neither a fraction or an exponent, nor a zero before other digits.
        guard let (number, end) = decimal(from: start),
            holds(UInt8(ascii: ","), at: end) || holds(UInt8(ascii: "}"), at: end),
            end &- start == 1 || !holds(UInt8(ascii: "0"), at: start)
        else { return nil }
        return (number, end)
    }

    /// Whether a byte is this one; false at the end.
    @inline(__always)
    func holds(_ expected: UInt8, at offset: Int) -> Bool {
        offset < byteCount && byte(at: offset) == expected
    }

    /// A number of at most 19 digits, and where it ends.
    @inline(__always)
    func decimal(from start: Int) -> (UInt64, end: Int)? {
        var number: UInt64 = 0
        var place = start
        while byteCount &- place >= 8, place &- start <= 8,
            let digits = UInt64(eightDigits: UInt64(littleEndian: rawWord(at: place)))
        {
            number = number &* 100_000_000 &+ digits
            place &+= 8
        }
        while place < byteCount {
            let digit = byte(at: place) &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            guard place &- start < 19 else { return nil }
            number = number &* 10 &+ UInt64(digit)
            place &+= 1
        }
        return place > start ? (number, place) : nil
    }
}

extension UInt64 {
    /// The value of eight decimal digits, the first one lowest; neighbours are joined three times.
    @inline(__always)
    fileprivate init?(eightDigits text: UInt64) {
        let digits = text ^ 0x3030_3030_3030_3030
        guard (digits | digits &+ 0x0606_0606_0606_0606) & 0xF0F0_F0F0_F0F0_F0F0 == 0 else {
            return nil
        }
        let pairs = (digits &* 10 &+ digits &>> 8) & 0x00FF_00FF_00FF_00FF
        let fours = (pairs &* 100 &+ pairs &>> 16) & 0x0000_FFFF_0000_FFFF
        self = (fours &* 10_000 &+ fours &>> 32) & 0xFFFF_FFFF
    }
}
