/// Compresses to one gzip member.
/// - Parameter level: from 0, stored, over 1, fastest, to 9, smallest.
public func gzip(_ bytes: [UInt8], level: Int = 6) -> [UInt8] {
    deflate(bytes, format: .gzip, level: level)
}

/// Compresses to the zlib format, which HTTP calls `deflate`.
/// - Parameter level: from 0, stored, over 1, fastest, to 9, smallest.
public func deflate(_ bytes: [UInt8], level: Int = 6) -> [UInt8] {
    deflate(bytes, format: .zlib, level: level)
}

private func deflate(_ bytes: [UInt8], format: ZlibStream.Format, level: Int) -> [UInt8] {
    guard var stream = ZlibStream(.deflate(level: level), format) else {
        preconditionFailure("zlib could not take the memory that compressing needs")
    }
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    var compressed: [UInt8] = []
    var offset = 0
    while true {
        let step = stream.step(bytes, from: offset, into: &chunk)
        offset += step.consumed
        compressed.append(contentsOf: chunk[..<step.produced])
        if case .ended = step.status { return compressed }
    }
}
