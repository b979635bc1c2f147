extension DecodingError {
    /// Words what a cursor stopped at: the only place where such texts are made.
    init(
        _ error: WireError, of request: WireMessage = .request, at cursor: borrowing WireCursor,
        limits: DecodingLimits
    ) {
        let place = WireLocator(cursor.body).locate(cursor.fieldStart, in: request)
        let rest = max(place.end - cursor.position, 0)
        let reason =
            switch error {
            case .varintTruncated:
                "expected the rest of a varint, found the end of the message after \(rest) bytes"
            case .varintTooLong:
                "expected a varint of at most 10 bytes, found a longer one"
            case .tagTooLong:
                "expected a tag of at most 5 bytes and 32 bits, found a larger one"
            case .fieldNumberZero:
                "expected a field number from 1 to 536870911, found 0"
            case .wireTypeReserved:
                "expected a wire type from 0 to 5, found \(cursor.byte(at: cursor.position) & 7)"
            case .fixedTruncated:
                "expected a fixed-width value, found the end of the message after \(rest) bytes"
            case .lengthExceedsMessage:
                Self.lengthReason(cursor, end: place.end)
            case .groupUnterminated:
                "expected the end of a group, found the end of the message"
            case .groupEndMismatched:
                "expected the end of the innermost group, found the end of another"
            case .groupEndWithoutStart:
                "expected a field, found the end of a group that did not begin"
            case .groupTooDeep:
                "expected groups at most \(WireCursor.maximumGroupDepth) deep, found deeper ones"
            case .tooManyNodes:
                "expected at most \(limits.maximumNodes) nodes, found more"
            case .tooManyBytes:
                "expected a body below \(TraceBatch.maximumBytes) bytes, found a larger one"
            }
        let isLimit = error == .tooManyNodes || error == .tooManyBytes
        self.init(
            kind: isLimit ? .limit : .malformed, location: place.name, offset: cursor.position,
            reason: reason)
    }

    private static func lengthReason(_ cursor: borrowing WireCursor, end: Int) -> String {
        var reader = WireCursor(cursor.body)
        reader.position = cursor.position
        guard let length = try? reader.varint(before: end) else { return "the length is truncated" }
        return "length \(length) exceeds the \(end - reader.position) bytes left"
    }
}

/// Finds the message and field of an offset, by reading the body anew from its start.
private struct WireLocator: ~Escapable {
    private let body: RawSpan

    @_lifetime(copy body)
    init(_ body: RawSpan) {
        self.body = body
    }

    /// The name of the field whose tag is at an offset, and the end of its message.
    func locate(_ offset: Int, in request: WireMessage) -> (name: String, end: Int) {
        var message = request
        var end = body.byteCount
        var reader = WireCursor(body)
        while reader.position < end {
            let atField = reader.position == offset
            guard let tag = try? reader.tag(before: end) else { break }
            let field = message.field(tag >> 3)
            if atField {
                let name = field?.name ?? "field \(tag >> 3)"
                return ("\(message.rawValue).\(name)", end)
            }
            if tag & 7 == 2, let inner = field?.message,
                let innerEnd = try? reader.messageEnd(before: end)
            {
                if offset >= innerEnd {
                    reader.position = innerEnd
                } else {
                    message = inner
                    end = innerEnd
                }
            } else if (try? reader.skip(tag, before: end)) == nil {
                break
            }
        }
        return (message.rawValue, end)
    }
}
