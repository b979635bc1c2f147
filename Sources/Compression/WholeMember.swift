internal import CDeflate

/// Inflates a body that is exactly one gzip member, all at once, with libdeflate.
///
/// libdeflate is about three times as fast as zlib, but it needs room for the whole content and says
/// nothing of where it failed. So it is asked only where the size is known and believable, and it
/// decides nothing but success: what it does not take, zlib reads from the start.
/// - Parameter limit: bytes that the content may have.
/// - Returns: nil where another way has to be gone, for whatever reason.
func inflateWholeMember(_ bytes: [UInt8], limit: Int) -> [UInt8]? {
    guard let size = sizeOfContent(bytes), size <= limit,
        let decompressor = unsafe libdeflate_alloc_decompressor()
    else { return nil }
    defer { unsafe libdeflate_free_decompressor(decompressor) }
    var consumed = 0
    var result = LIBDEFLATE_BAD_DATA
    let content = unsafe [UInt8](unsafeUninitializedCapacity: size) { room, count in
        result = unsafe bytes.withUnsafeBytes { source in
            unsafe libdeflate_gzip_decompress_ex(
                decompressor, source.baseAddress, source.count, room.baseAddress, size, &consumed,
                &count)
        }
        if result != LIBDEFLATE_SUCCESS { count = 0 }
    }
    guard result == LIBDEFLATE_SUCCESS, consumed == bytes.count, content.count == size else {
        return nil
    }
    return content
}

/// What the last four bytes say, if deflate can make so much of so few bytes.
///
/// Source: RFC 1952, section 2.3.1. Of several members they count the last one's only.
private func sizeOfContent(_ bytes: [UInt8]) -> Int? {
    // Shorter is no member, and libdeflate does not look at a checksum of the header (flag 2).
    guard bytes.count >= 18, bytes[0] == 0x1F, bytes[1] == 0x8B, bytes[3] & 2 == 0 else {
        return nil
    }
    let size = bytes.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    // 258 bytes take at least two bits: one for their length, one for their distance.
    let (bound, isOver) = bytes.count.multipliedReportingOverflow(by: 258 * 4)
    return size > 0 && (isOver || size <= bound) ? size : nil
}
