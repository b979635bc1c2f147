/// Undoes the compression of a body.
///
/// It stops at the first byte beyond the limit, and never takes more memory than the limit or than
/// so few bytes can hold, whatever they claim.
/// - Parameter limit: bytes that the content may have.
/// - Returns: the content; of gzip, that of all members.
public func inflate(
    _ bytes: [UInt8], encoding: ContentEncoding, limit: Int
) throws(InflateError) -> [UInt8] {
    switch encoding {
    case .identity:
        guard bytes.count <= limit else { throw .exceedsLimit(limit) }
        return bytes
    case .gzip:
        if let content = inflateWholeMember(bytes, limit: limit) { return content }
        return try inflate(bytes, format: .gzip, encoding, limit: limit)
    case .deflate:
        // No encoder begins bare data with these bits: they would be a stored block whose
        // padding is not zero.
        let isZlib = bytes.count < 2 || isZlibHeader(bytes[0], bytes[1])
        return try inflate(bytes, format: isZlib ? .zlib : .bare, encoding, limit: limit)
    }
}

private func inflate(
    _ bytes: [UInt8], format: ZlibStream.Format, _ encoding: ContentEncoding, limit: Int
) throws(InflateError) -> [UInt8] {
    guard !bytes.isEmpty else { throw .empty(encoding) }
    guard var stream = ZlibStream(.inflate, format) else { throw .outOfMemory }
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    var content: [UInt8] = []
    var offset = 0
    var memberStart = 0
    while true {
        let step = stream.step(bytes, from: offset, into: &chunk)
        offset += step.consumed
        guard step.produced <= limit - content.count else { throw .exceedsLimit(limit) }
        content.grow(by: step.produced, limit: limit)
        content.append(contentsOf: chunk[..<step.produced])
        switch step.status {
        case .going:
            if step.consumed == 0, step.produced == 0 { throw .truncated(offset: offset) }
        case .ended:
            if offset == bytes.count { return content }
            guard format == .gzip, bytes[offset] == 0x1F,
                offset + 1 == bytes.count || bytes[offset + 1] == 0x8B
            else { throw .trailingBytes(offset: offset) }
            memberStart = offset
            stream.reset()
        case .damaged("incorrect header check"):
            throw .badHeader(encoding, offset: memberStart)
        case .damaged("incorrect data check"), .damaged("incorrect length check"):
            throw .badChecksum(offset: offset)
        case .damaged(let what): throw .damaged(offset: offset, what: what)
        case .outOfMemory: throw .outOfMemory
        }
    }
}

extension [UInt8] {
    /// Makes room as arrays do by themselves, but never beyond the limit.
    fileprivate mutating func grow(by added: Int, limit: Int) {
        let needed = count + added
        guard needed > capacity else { return }
        reserveCapacity(Swift.max(needed, Swift.min(capacity * 2, limit)))
    }
}
