import Logging
import Synchronization

/// Writes what clients bring about to the log, one line of a kind in ten seconds: whoever can send
/// requests must not be able to fill the disk with lines about them.
final class SeldomLog: Sendable {
    private struct Kind {
        var nextUnixNano: Int64
        var leftOut = 0
    }

    private static let intervalNanoseconds: Int64 = 10_000_000_000

    private let logger: Logger
    private let clock: UnixClock
    /// By message; the callers have a handful of them.
    private let kinds = Mutex<[String: Kind]>([:])

    init(_ logger: Logger, clock: UnixClock) {
        self.logger = logger
        self.clock = clock
    }

    /// - Parameters:
    ///   - message: one of a few; what differs belongs into the metadata.
    ///   - metadata: `left_out` is added where lines of this kind were left out before.
    func log(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) {
        let now = clock.now
        let leftOut: Int? = kinds.withLock { kinds in
            if var known = kinds[message], now < known.nextUnixNano,
                known.nextUnixNano - now <= Self.intervalNanoseconds
            {
                known.leftOut += 1
                kinds[message] = known
                return nil
            }
            let leftOut = kinds[message]?.leftOut ?? 0
            kinds[message] = Kind(nextUnixNano: now &+ Self.intervalNanoseconds)
            return leftOut
        }
        guard let leftOut else { return }
        var metadata = metadata
        if leftOut > 0 { metadata["left_out"] = "\(leftOut)" }
        logger.log(level: level, "\(message)", metadata: metadata)
    }
}
