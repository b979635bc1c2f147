extension RawSpan {
    /// Eight bytes as they lie in memory, bounds checked.
    @inline(__always)
    func rawWord(at offset: Int) -> UInt64 {
        unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }

    /// One byte, bounds checked.
    @inline(__always)
    func byte(at offset: Int) -> UInt8 {
        unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }
}
