/// Why compressed bytes could not be inflated. Offsets count compressed bytes from the start.
public enum InflateError: Error, Hashable, Sendable {
    /// There are no bytes, not even those of an empty content.
    case empty(ContentEncoding)
    /// What stands here does not begin as the encoding asks.
    case badHeader(ContentEncoding, offset: Int)
    /// The compressed data are damaged.
    case damaged(offset: Int, what: String)
    /// The content is not the one that was compressed.
    case badChecksum(offset: Int)
    /// The bytes end too soon.
    case truncated(offset: Int)
    /// Bytes follow the end of the compressed data.
    case trailingBytes(offset: Int)
    /// The content is larger than this many bytes; it was not inflated any further.
    case exceedsLimit(Int)
    case outOfMemory
}

extension InflateError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .empty(let encoding): "expected \(encoding) data, found an empty body"
        case .badHeader(let encoding, let offset):
            "byte \(offset): expected the header of \(encoding) data, found other bytes"
        case .damaged(let offset, let what): "byte \(offset): damaged data: \(what)"
        case .badChecksum(let offset): "byte \(offset): the checksum is not that of the content"
        case .truncated(let offset): "byte \(offset): expected more data, found the end"
        case .trailingBytes(let offset):
            "byte \(offset): expected the end, found more bytes after the compressed data"
        case .exceedsLimit(let limit): "the content exceeds \(limit) bytes"
        case .outOfMemory: "out of memory"
        }
    }
}
