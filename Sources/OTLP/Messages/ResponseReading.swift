/// What a client must be ready to read of a response. Source: OTLP specification, "OTLP/HTTP Response".
private let maximumResponseBytes = 4 << 20

extension String {
    /// As much of the text as leaves room for tags and lengths in 4 MiB.
    var cutForProtobuf: String { cut(toUTF8Bytes: maximumResponseBytes - 1024) }

    /// As much of the text as stays below 4 MiB when each byte needs the longest escape.
    var cutForJSON: String {
        utf8.count < maximumResponseBytes / 8
            ? self : cut(toUTF8Bytes: maximumResponseBytes / 8)
    }

    /// The longest start of whole characters of Unicode that has at most so many bytes.
    private func cut(toUTF8Bytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var end = utf8.index(startIndex, offsetBy: limit)
        while end > startIndex, utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}

/// Reads the fields of one small message.
func readMessage(
    _ body: [UInt8], named name: String,
    _ readField: (UInt32, inout WireCursor, Int) throws(WireError) -> Void
) throws(DecodingError) {
    var cursor = unsafe WireCursor(body.span.bytes)
    do throws(WireError) {
        while cursor.position < body.count {
            let tag = try cursor.tag(before: body.count)
            try readField(tag, &cursor, body.count)
        }
    } catch {
        var failure = DecodingError(error, at: cursor, limits: .standard)
        failure.location = name
        throw failure
    }
}

extension JSONMessageReader {
    /// Reads the members of an object; none for `null`.
    mutating func readObject(
        _ readMember: (inout JSONMessageReader, JSONFieldName) throws(DecodingError) -> Void
    ) throws(DecodingError) {
        guard try beginObject() else { return }
        while let name = try nextName() { try readMember(&self, name) }
    }

    /// A string; "" for `null`.
    mutating func string() throws(DecodingError) -> String {
        guard let text = try text() else { return "" }
        return tokens.string(text)
    }
}
