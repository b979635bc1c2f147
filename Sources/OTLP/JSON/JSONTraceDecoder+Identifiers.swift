/// The ids of one span or link while it is read; what is irregular about them is kept with the last.
struct ReadIdentifiers {
    var traceID = TraceID.invalid
    var spanID = SpanID.invalid
    var parentSpanID = SpanID.invalid
    fileprivate var irregularTraceID: Slice?
    fileprivate var irregularSpanID: Slice?
    fileprivate var irregularParentSpanID: Slice?
}

extension JSONTraceDecoder {
    mutating func traceID(into ids: inout ReadIdentifiers) throws(DecodingError) {
        let text = try json.text()
        if let id: TraceID = plainID(text) {
            (ids.traceID, ids.irregularTraceID) = (id, nil)
            return
        }
        let digits = text.map { json.content($0) } ?? []
        ids.traceID = TraceID(digits: digits) ?? .invalid
        ids.irregularTraceID = ids.traceID.isValid ? nil : irregular(digits, bytes: 16)
    }

    mutating func spanID(into ids: inout ReadIdentifiers) throws(DecodingError) {
        let text = try json.text()
        if let id: SpanID = plainID(text) {
            (ids.spanID, ids.irregularSpanID) = (id, nil)
            return
        }
        let digits = text.map { json.content($0) } ?? []
        ids.spanID = SpanID(digits: digits) ?? .invalid
        ids.irregularSpanID = ids.spanID.isValid ? nil : irregular(digits, bytes: 8)
    }

    mutating func parentSpanID(into ids: inout ReadIdentifiers) throws(DecodingError) {
        let text = try json.text()
        if let id: SpanID = plainID(text) {
            (ids.parentSpanID, ids.irregularParentSpanID) = (id, nil)
            return
        }
        let digits = text.map { json.content($0) } ?? []
        ids.parentSpanID = SpanID(digits: digits) ?? .invalid
        ids.irregularParentSpanID = ids.parentSpanID.isValid ? nil : irregular(digits, bytes: 8)
    }

    /// Puts the irregular ids of a record that was read into the batch, and says which they are.
    mutating func keepIrregular(
        _ ids: ReadIdentifiers, of owner: IrregularID.Owner
    ) -> IrregularIDs {
        var fields: IrregularIDs = []
        keep(ids.irregularTraceID, .traceID, of: owner, &fields)
        keep(ids.irregularSpanID, .spanID, of: owner, &fields)
        keep(ids.irregularParentSpanID, .parentSpanID, of: owner, &fields)
        return fields
    }

    /// The ids of a record whose context is optional: what came as text is read, the rest is none.
    func usableIDs(_ ids: ReadIdentifiers) -> (TraceID, SpanID) {
        let trace = ids.irregularTraceID.map { TraceID(inField: batch.bytes[$0.range]) }
        let span = ids.irregularSpanID.map { SpanID(inField: batch.bytes[$0.range]) }
        return (trace ?? ids.traceID, span ?? ids.spanID)
    }

    @inline(__always)
    private mutating func keep(
        _ bytes: Slice?, _ field: IrregularIDs, of owner: IrregularID.Owner,
        _ fields: inout IrregularIDs
    ) {
        guard let bytes else { return }
        fields.insert(field)
        batch.irregularIDs.append(IrregularID(owner: owner, field: field, bytes: bytes))
    }

    /// A valid id whose digits stand in the body as they are.
    @inline(__always)
    private func plainID(_ text: JSONText?) -> TraceID? {
        guard let text, text.isPlain, text.range.count == 32 else { return nil }
        let bytes = unsafe json.tokens.bytes.span.bytes
        guard let high = UInt64(hexadecimal: bytes, at: text.range.lowerBound),
            let low = UInt64(hexadecimal: bytes, at: text.range.lowerBound + 16), high | low != 0
        else { return nil }
        return TraceID(high: high, low: low)
    }

    /// The same for the id of a span.
    @inline(__always)
    private func plainID(_ text: JSONText?) -> SpanID? {
        guard let text, text.isPlain, text.range.count == 16 else { return nil }
        let bytes = unsafe json.tokens.bytes.span.bytes
        guard let word = UInt64(hexadecimal: bytes, at: text.range.lowerBound), word != 0 else {
            return nil
        }
        return SpanID(word: word)
    }

    /// The bytes that the digits say, else the text itself; nil where there is none.
    ///
    /// Base64, which general converters write for bytes, is kept as the digits that should have
    /// come: `sanitizeIDs()` reads those, and tells.
    private mutating func irregular(_ text: ArraySlice<UInt8>, bytes length: Int) -> Slice? {
        guard !text.isEmpty else { return nil }
        if text.last == UInt8(ascii: "="), let id = [UInt8](base64: text), id.count == length {
            return batch.append(bytes: id.hexadecimal)
        }
        return batch.append(bytes: [UInt8](hexadecimal: text) ?? Array(text))
    }
}

extension TraceID {
    fileprivate init?(digits: ArraySlice<UInt8>) {
        guard digits.count == 32,
            let high = unsafe UInt64(hexadecimal: digits.span.bytes, at: 0),
            let low = unsafe UInt64(hexadecimal: digits.span.bytes, at: 16)
        else { return nil }
        self.init(high: high, low: low)
    }
}

extension SpanID {
    fileprivate init?(digits: ArraySlice<UInt8>) {
        guard digits.count == 16, let word = unsafe UInt64(hexadecimal: digits.span.bytes, at: 0)
        else { return nil }
        self.init(word: word)
    }
}

extension [UInt8] {
    /// The bytes that pairs of hexadecimal digits say; nil for any other text.
    init?(hexadecimal text: ArraySlice<UInt8>) {
        guard text.count & 1 == 0 else { return nil }
        self = []
        reserveCapacity(text.count / 2)
        var high: UInt8?
        for digit in text {
            guard let value = hexadecimalValue(of: digit) else { return nil }
            if let first = high {
                append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
    }

    /// Two lower-case hexadecimal digits for each byte.
    var hexadecimal: [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(count * 2)
        for byte in self {
            text.append(hexadecimalDigit(of: byte >> 4))
            text.append(hexadecimalDigit(of: byte & 15))
        }
        return text
    }
}
