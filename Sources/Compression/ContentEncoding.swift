/// How the body of an HTTP message is compressed. Source: RFC 9110, section 8.4.1.
public enum ContentEncoding: String, CaseIterable, Hashable, Sendable {
    case identity
    /// RFC 1952; several members one after the other are one body.
    case gzip
    /// The zlib format of RFC 1950. Bare deflate data, which some clients send under this name, is
    /// accepted as well.
    case deflate

    /// Reads the value of a `Content-Encoding` header, in any case; nil for other encodings.
    ///
    /// `x-gzip` is the same as `gzip`, and an empty value the same as none.
    public init?(header value: String) {
        var words = value.split { $0 == " " || $0 == "\t" }
        let name = words.popLast()?.lowercased() ?? ""
        guard words.isEmpty else { return nil }
        switch name {
        case "", "identity": self = .identity
        case "gzip", "x-gzip": self = .gzip
        case "deflate": self = .deflate
        default: return nil
        }
    }

    /// Tells by its first bytes how a body is compressed that came without a header.
    ///
    /// Neither an OTLP message in protobuf nor one in JSON begins as gzip or zlib data do.
    public init(detecting body: some Collection<UInt8>) {
        let start = Array(body.prefix(2))
        if start == [0x1F, 0x8B] {
            self = .gzip
        } else if start.count == 2, isZlibHeader(start[0], start[1]) {
            self = .deflate
        } else {
            self = .identity
        }
    }
}

/// Method 8, a window up to 32 KiB, and the check bits. Source: RFC 1950, section 2.2.
func isZlibHeader(_ method: UInt8, _ flags: UInt8) -> Bool {
    method & 15 == 8 && method >> 4 <= 7 && (UInt16(method) << 8 | UInt16(flags)) % 31 == 0
}
