import CArena

/// Calls of the C library's allocator while something runs.
public func allocations(in run: () -> Void) -> Int {
    let before = allocation_count()
    run()
    return Int(allocation_count() - before)
}
