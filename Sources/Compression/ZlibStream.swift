internal import CZlib

/// One `z_stream`: the only place that hands pointers to zlib.
///
/// zlib keeps the stream's address, so it lies in memory of its own.
@safe
struct ZlibStream: ~Copyable {
    enum Direction {
        case inflate
        case deflate(level: Int)
    }

    /// What a window's size says about the framing.
    enum Format {
        case gzip, zlib, bare

        var windowBits: Int32 {
            switch self {
            case .gzip: 15 + 16
            case .zlib: 15
            case .bare: -15
            }
        }
    }

    enum Status {
        /// More input or more room is needed.
        case going
        /// The stream is complete.
        case ended
        /// zlib's message, if it has one.
        case damaged(String)
        case outOfMemory
    }

    struct Step {
        var status: Status
        var consumed: Int
        var produced: Int
    }

    private let stream: UnsafeMutablePointer<z_stream>
    private let isInflating: Bool

    /// Nil when memory is short.
    init?(_ direction: Direction, _ format: Format) {
        unsafe stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: unsafe z_stream())
        let size = unsafe Int32(MemoryLayout<z_stream>.size)
        let status: Int32
        switch direction {
        case .inflate:
            isInflating = true
            status = unsafe inflateInit2_(stream, format.windowBits, ZLIB_VERSION, size)
        case .deflate(let level):
            isInflating = false
            status = unsafe deflateInit2_(
                stream, Int32(max(0, min(level, 9))), Z_DEFLATED, format.windowBits, 8,
                Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
        }
        if status != Z_OK { return nil }
    }

    deinit {
        // Ending a stream that was never begun is refused by zlib, and harmless.
        _ = unsafe isInflating ? inflateEnd(stream) : deflateEnd(stream)
        unsafe stream.deinitialize(count: 1)
        unsafe stream.deallocate()
    }

    /// Begins anew with the same format.
    mutating func reset() { _ = unsafe inflateReset(stream) }

    /// Goes on from an offset of the input, filling the chunk from its start.
    mutating func step(_ input: [UInt8], from offset: Int, into chunk: inout [UInt8]) -> Step {
        let available = UInt32(clamping: min(input.count - offset, 1 << 30))
        let isLast = offset + Int(available) == input.count
        let room = UInt32(clamping: chunk.count)
        let code = unsafe input.withUnsafeBufferPointer { source in
            unsafe chunk.withUnsafeMutableBufferPointer { target in
                // zlib does not write through `next_in`.
                unsafe stream.pointee.next_in = UnsafeMutablePointer(
                    mutating: source.baseAddress.map { unsafe $0 + offset })
                unsafe stream.pointee.avail_in = available
                unsafe stream.pointee.next_out = target.baseAddress
                unsafe stream.pointee.avail_out = room
                return unsafe isInflating
                    ? CZlib.inflate(stream, Z_NO_FLUSH)
                    : CZlib.deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
            }
        }
        let step = unsafe Step(
            status: status(code), consumed: Int(available - stream.pointee.avail_in),
            produced: Int(room - stream.pointee.avail_out))
        unsafe stream.pointee.next_in = nil
        unsafe stream.pointee.next_out = nil
        return step
    }

    private func status(_ code: Int32) -> Status {
        switch code {
        case Z_OK, Z_BUF_ERROR: return .going
        case Z_STREAM_END: return .ended
        case Z_MEM_ERROR: return .outOfMemory
        case Z_NEED_DICT: return .damaged("a preset dictionary is needed")
        default:
            guard let message = unsafe stream.pointee.msg else { return .damaged("unknown") }
            return .damaged(unsafe String(cString: message))
        }
    }
}
