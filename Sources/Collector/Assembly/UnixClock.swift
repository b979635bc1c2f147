import Foundation

/// The wall clock, in nanoseconds since 1970-01-01 UTC.
public struct UnixClock: Sendable {
    private let read: @Sendable () -> Int64

    /// A clock that somebody else turns, for tests.
    public init(_ read: @escaping @Sendable () -> Int64) {
        self.read = read
    }

    public static let system = UnixClock {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    public var now: Int64 { read() }
}
