import Inbox
import Logging
import Mending
import OTLP
import ServiceLifecycle
import Synchronization

/// Mends every run that is due, and writes the revision down, so that the sinks deliver it.
///
/// `run()` returns after a graceful shutdown, between two runs. It never throws: an inbox that cannot
/// be read is told in the log, and asked again a second later.
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
    /// What the replacing sinks have to deliver; nil where there are none.
    let undelivered: UndeliveredRevisions?
    /// Which runs stay open however silent they are.
    let running: RunningAttempts

    /// The pause when nothing at all is due, until requests come.
    private static let idle = Duration.seconds(30)

    /// The shortest pause: what comes due meanwhile is worth gathering, and a run that failed and is
    /// long due must not make the lookups follow each other without one.
    private static let gathering = Duration.milliseconds(20)
    /// The shortest pause while runs are held open: they are found silent by every lookup.
    private static let holding = Duration.milliseconds(250)

    /// How many runs of each kind are looked up at once.
    private static let runsAtOnce = 512
    /// How many wait for their commit while the next are mended.
    private static let runsSideBySide = 16
    /// Runs that could not be mended, and when to try again.
    private let failures = Failures()

    func run() async throws {
        await withGracefulShutdownHandler {
            while true {
                let (seen, seenClosing) = (arrival.generation, closing.generation)
                if Task.isShuttingDownGracefully || Task.isCancelled { return }
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
    func mendDueRuns() async throws -> Duration {
        // Those that are held open come with every lookup, and must not keep others out.
        let limit = Self.runsAtOnce + running.asked.count
        let due = try await inbox.reader.dueRuns(
            nowUnixNano: clock.now, silence: rule.settling.silence, limit: limit)
        let now = clock.now
        var next = due.nextUnixNano ?? .max
        var shortest = Self.gathering
        var revisions: [(RunStatus, isSettled: Bool)] = []
        for status in due.runs {
            switch rule.decide(status, nowUnixNano: now) {
            case .rest: break
            case .wait(let until): next = min(next, until)
            case .revise(var isSettled):
                if isSettled, staysOpen(status, nowUnixNano: now) {
                    shortest = Self.holding
                    guard status.isDirty else { break }
                    isSettled = false
                }
                if let retry = failures[status.key], retry > now {
                    next = min(next, retry)
                } else {
                    revisions.append((status, isSettled))
                }
            }
        }
        guard !revisions.isEmpty else {
            return min(Self.idle, max(shortest, .nanoseconds(next.subtracting(now))))
        }
        await forEach(revisions, atATime: Self.runsSideBySide) { status, isSettled in
            await undelivered?.waitForRoom()
            if Task.isShuttingDownGracefully { return }
            do {
                try await revise(status, isSettled: isSettled)
                failures[status.key] = nil
            } catch {
                // One run that cannot be mended must not stop the others.
                failures[status.key] = clock.now + 10_000_000_000
                mending.metrics.add(.mendingFailures)
                logger.error(
                    "a run was not mended and will be tried again",
                    metadata: ["run": "\(status.key.id)", "reason": "\(error)"])
            }
        }
        // What did not fit is looked up at once.
        return due.runs.count < limit ? shortest : .zero
    }

    /// Whether a run that is silent is not over, since its attempt runs.
    private func staysOpen(_ run: RunStatus, nowUnixNano now: Int64) -> Bool {
        guard run.key.attemptID != nil, !run.awaitsClosing, !run.isSettled,
            now.subtracting(run.lastReceivedUnixNano)
                < rule.settling.runningPatience.nanoseconds
        else { return false }
        return running.holds(run.key, nowUnixNano: now)
    }

    private func revise(_ status: RunStatus, isSettled: Bool) async throws {
        let made = try await mending.mend(
            status.key, .atLeast(through: status.lastRequest), pins: .none)
        // What came since the run was looked up has not been silent for long.
        let isSettled = isSettled && made.throughRequest == status.lastRequest
        undelivered?.insert(status.key, bytes: made.run.memoryBytes)
        let traces = Set(made.run.spans.filter { !$0.isPlaceholder }.map(\.reported.traceID))
        let isRecorded = try await inbox.recordRevision(
            RevisionRecord(
                run: status.key, number: status.revision + 1, throughRequest: made.throughRequest,
                isSettled: isSettled, isWhole: made.isWhole, recordedUnixNano: clock.now,
                mendNanoseconds: made.nanoseconds, rulesVersion: mending.mender.rulesVersion,
                spans: made.run.spans.count, traceIDs: traces.sorted()))
        guard isRecorded else {
            undelivered?.remove(status.key)
            return
        }
        revised.raise()
    }
}

/// When runs that failed may be tried again, in nanoseconds since 1970-01-01 UTC.
private final class Failures: Sendable {
    private let times = Mutex<[RunKey: Int64]>([:])

    subscript(run: RunKey) -> Int64? {
        get { times.withLock { $0[run] } }
        set { times.withLock { $0[run] = newValue } }
    }
}

extension Assembly: CustomStringConvertible {
    var description: String { "assembly" }
}
