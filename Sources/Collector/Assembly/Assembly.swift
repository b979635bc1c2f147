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
    /// Raised when a run was closed.
    let closing: Signal
    /// Raised when a revision was written down.
    let revised: Signal

    /// The pause when nothing at all is due, until requests come.
    private static let idle = Duration.seconds(30)

    /// How many runs of each kind are looked up at once.
    private static let runsAtOnce = 512

    func run() async throws {
        await withGracefulShutdownHandler {
            while !Task.isShuttingDownGracefully, !Task.isCancelled {
                let (seen, seenClosing) = (arrival.generation, closing.generation)
                var pause = Self.idle
                do {
                    pause = try await mendDueRuns()
                } catch {
                    logger.error("runs were not mended", metadata: ["reason": "\(error)"])
                    pause = .seconds(1)
                }
                if pause >= Self.idle {
                    await arrival.wait(after: seen, atMost: pause)
                } else if pause > .zero {
                    // Requests that come now are due in a second at the soonest; a close is due now.
                    await closing.wait(after: seenClosing, atMost: min(pause, .seconds(1)))
                }
            }
        } onGracefulShutdown: {
            arrival.raise()
            closing.raise()
        }
    }

    /// Mends what is due now.
    /// - Returns: how long nothing else will be due unless requests come.
    private func mendDueRuns() async throws -> Duration {
        let due = try await inbox.reader.dueRuns(
            nowUnixNano: clock.now, silence: rule.settling.silence, limit: Self.runsAtOnce)
        var next = due.nextSettlingUnixNano ?? .max
        var didRevise = false
        for status in due.runs {
            if Task.isShuttingDownGracefully { return .zero }
            switch rule.decide(status, nowUnixNano: clock.now) {
            case .rest: break
            case .wait(let until): next = min(next, until)
            case .revise(let isSettled):
                try await revise(status, isSettled: isSettled)
                didRevise = true
            }
        }
        // What came meanwhile, or did not fit, is looked up at once.
        if didRevise { return .zero }
        return min(Self.idle, .nanoseconds(max(1_000_000, next.subtracting(clock.now))))
    }

    private func revise(_ status: RunStatus, isSettled: Bool) async throws {
        guard
            let made = try await mending.mend(
                status.key, atLeastThrough: status.lastRequest, pins: .none)
        else { return }
        let traces = Set(made.run.spans.filter { !$0.isPlaceholder }.map(\.reported.traceID))
        let isRecorded = try await inbox.recordRevision(
            RevisionRecord(
                run: status.key, number: status.revision + 1, throughRequest: made.throughRequest,
                isSettled: isSettled, isWhole: made.isWhole, recordedUnixNano: clock.now,
                mendNanoseconds: made.nanoseconds, rulesVersion: mending.mender.rulesVersion,
                spans: made.run.spans.count, traceIDs: traces.sorted()))
        if isRecorded { revised.raise() }
    }
}

extension Assembly: CustomStringConvertible {
    var description: String { "assembly" }
}
