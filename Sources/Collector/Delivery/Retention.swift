import Inbox
import Logging
import ServiceLifecycle
import SQLiteArchive

/// Lets go of what was kept long enough, once a minute.
///
/// `run()` returns after a graceful shutdown. What some sink has not got stays, unless it is parked
/// for that sink.
struct Retention: Service {
    let inbox: Inbox
    let archive: SQLiteArchive?
    /// Of the sinks that may be away for long.
    let backlogs: [Backlog]
    let configuration: Configuration
    let metrics: Metrics
    let clock: UnixClock
    let logger: Logger

    /// What may wait for one sink before its oldest runs are parked.
    struct Backlog {
        var sink: String
        var bytes: Int
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await prune()
                } catch {
                    logger.error("nothing was pruned", metadata: ["reason": "\(error)"])
                }
                // A cancelled sleep ends the loop by its condition.
                _ = try? await Task.sleep(for: .seconds(60))
            }
        }
    }

    private func prune() async throws {
        let settings = configuration.inbox
        let report = try await inbox.prune(
            RetentionPolicy(
                keepNanoseconds: settings.keepAge.nanoseconds, keepBytes: settings.keepBytes),
            nowUnixNano: clock.now)
        if report.requests > 0 {
            logger.info(
                "delivered requests were let go",
                metadata: ["requests": "\(report.requests)", "bytes": "\(report.bytes)"])
        }
        // A sink that is away must not fill the inbox until it refuses what comes.
        for backlog in backlogs {
            let parked = try await inbox.parkOldest(
                sink: backlog.sink, keepingBytes: backlog.bytes,
                error: "the sink's backlog exceeded \(backlog.bytes) bytes")
            if parked > 0 {
                logger.error(
                    "the oldest runs are parked for a sink that is away",
                    metadata: ["sink": "\(backlog.sink)", "runs": "\(parked)"])
            }
        }
        let kept = configuration.archive
        if let archive, kept.keepAge != nil || kept.keepBytes != nil {
            let pruned = try await archive.prune(
                maximumAge: kept.keepAge, maximumBytes: kept.keepBytes.map(Int64.init))
            metrics.add(.prunedSpans, pruned.spans)
            if pruned.runs > 0 {
                logger.info(
                    "old runs left the archive",
                    metadata: ["runs": "\(pruned.runs)", "spans": "\(pruned.spans)"])
            }
        }
    }
}

extension Retention: CustomStringConvertible {
    var description: String { "retention" }
}
