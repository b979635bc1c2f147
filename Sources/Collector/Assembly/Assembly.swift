import Inbox
import Logging
import Mending
import OTLP
import ServiceLifecycle

/// Mends every run that is due, and writes the revision down, so that the sinks deliver it.
///
/// `run()` returns after a graceful shutdown, between two runs; it throws when the inbox cannot be
/// read any more.
struct Assembly: Service {
    let inbox: Inbox
    let mending: RunMending
    let rule: RevisionRule
    let clock: UnixClock
    let logger: Logger
    /// Raised when requests came or a run was closed.
    let arrival: Signal
    /// Raised when a revision was written down.
    let revised: Signal

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let seen = arrival.generation
                var pause = Duration.seconds(30)
                do {
                    pause = try await mendDueRuns()
                } catch {
                    logger.error("runs were not mended", metadata: ["reason": "\(error)"])
                    pause = .seconds(1)
                }
                await wait(after: seen, atMost: pause)
            }
        }
    }

    /// Mends what is due now.
    /// - Returns: how long nothing else will be due unless requests come.
    private func mendDueRuns() async throws -> Duration {
        var pause = Duration.seconds(30)
        for status in try await inbox.reader.unsettledRuns() {
            if Task.isCancelled { return .zero }
            let now = clock.now
            switch rule.decide(status, nowUnixNano: now) {
            case .rest: break
            case .wait(let until): pause = min(pause, .nanoseconds(max(0, until - now)))
            case .revise(let isSettled):
                try await revise(status, isSettled: isSettled)
                pause = .zero
            }
        }
        return pause
    }

    private func revise(_ status: RunStatus, isSettled: Bool) async throws {
        guard
            let made = try await mending.mend(
                status.key, atLeastThrough: status.lastRequest, pins: .none)
        else { return }
        let traces = Set(made.run.spans.filter { !$0.isPlaceholder }.map(\.reported.traceID))
        try await inbox.record(
            RevisionRecord(
                run: status.key, number: status.revision + 1, throughRequest: made.throughRequest,
                isSettled: isSettled, isWhole: made.isWhole, recordedUnixNano: clock.now,
                mendNanoseconds: made.nanoseconds, rulesVersion: mending.mender.rulesVersion,
                spans: made.run.spans.count, traceIDs: traces.sorted()))
        revised.raise()
    }

    /// Waits for the next due run. Requests only make runs due later, so they wake nobody at once.
    private func wait(after seen: UInt64, atMost pause: Duration) async {
        guard pause > .zero else { return }
        await arrival.wait(after: seen, atMost: pause)
    }
}
