import Inbox
import LightningSink
import Logging
import ServiceLifecycle
import Synchronization

/// Keeps the attempts of open runs alive in a LightningStore, and closes a run whose attempt is
/// over there.
///
/// A run is delivered when it is whole, which may be an hour after its first span; the store takes
/// an attempt without spans for dead. So it is told when spans came, as though they had come to it:
/// never later than the last span, so that a dead runner is found out as soon as it would be
/// without a collector between.
///
/// `run()` returns after a graceful shutdown. A store that is away is asked again a pause later.
struct AttemptWatch: Service {
    let sink: LightningSink
    let inbox: Inbox
    let clock: UnixClock
    let logger: Logger
    /// Hears which silent runs' attempts still run.
    let running: RunningAttempts
    /// Called when a run was closed.
    let closed: @Sendable () -> Void
    private let told = ToldHeartbeats()

    /// An attempt that is thought dead sooner than this cannot be kept alive.
    private static let pause = Duration.seconds(5)
    /// Each run costs the store a request and a few milliseconds, so many open runs are looked at
    /// less often.
    private static let pauseForEachRun = Duration.milliseconds(50)
    private static let runsAtOnce = 1000
    private static let runsSideBySide = 8
    /// So many lookups that fail in a row tell of the store, and not of their runs.
    private static let failuresOfStore = 2 * runsSideBySide

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let runs = await lookAtOpenRuns()
                // A cancelled sleep ends the loop by its condition.
                _ = try? await Task.sleep(for: max(Self.pause, Self.pauseForEachRun * runs))
            }
        }
    }

    /// One round over the open runs: those that wait for an answer, then those with the latest spans.
    /// - Returns: how many there are.
    @discardableResult
    func lookAtOpenRuns() async -> Int {
        do {
            let runs = try await openRuns()
            told.keep(Set(runs.map(\.key)))
            let failures = Failures()
            await forEach(runs, atATime: Self.runsSideBySide) { run in
                if failures.inARow >= Self.failuresOfStore || Task.isCancelled { return }
                do {
                    try await look(at: run)
                    failures.end()
                } catch {
                    // Deliveries tell that the store is away; a heartbeat is not worth a second line.
                    failures.add()
                    logger.debug(
                        "an attempt was not looked at in its store",
                        metadata: [
                            "sink": "\(sink.name)", "run": "\(run.key.id)", "reason": "\(error)",
                        ])
                }
            }
            return runs.count
        } catch {
            logger.error(
                "open runs were not looked up",
                metadata: ["sink": "\(sink.name)", "reason": "\(error)"])
            return 0
        }
    }

    /// The open runs, and those among them that wait for an answer however long they are silent.
    private func openRuns() async throws -> [RunStatus] {
        var runs: [RunStatus] = []
        for key in running.asked {
            if let run = try await inbox.reader.run(key), run.key == key, !run.isSettled {
                runs.append(run)
            } else {
                running.forget(key)
            }
        }
        let listed = Set(runs.map(\.key))
        let open = try await inbox.reader.openAttempts(limit: Self.runsAtOnce)
        return runs + open.filter { !listed.contains($0.key) }
    }

    private func look(at run: RunStatus) async throws {
        guard let rollout = run.key.rolloutID, let id = run.key.attemptID else { return }
        let attempt = try await sink.attempt(id, of: rollout)
        running.answer(
            run.key, isRunning: attempt?.isRunning ?? false, store: sink.name,
            nowUnixNano: clock.now)
        guard let attempt else { return }
        if attempt.isFinal {
            if try await inbox.close(run.key) != nil { closed() }
        } else if told.time(of: run.key) < run.lastReceivedUnixNano {
            try await sink.keepAlive(
                attempt, of: rollout, unixSeconds: Double(run.lastReceivedUnixNano) / 1e9)
            told.note(run.lastReceivedUnixNano, of: run.key)
        }
    }
}

extension AttemptWatch: CustomStringConvertible {
    var description: String { "the watch over attempts in \(sink.name)" }
}

/// When the last span that the store was told of came, by run.
private final class ToldHeartbeats: Sendable {
    private let times = Mutex<[RunKey: Int64]>([:])

    func time(of run: RunKey) -> Int64 { times.withLock { $0[run] ?? 0 } }
    func note(_ time: Int64, of run: RunKey) { times.withLock { $0[run] = time } }
    func keep(_ runs: Set<RunKey>) {
        times.withLock { $0 = $0.filter { runs.contains($0.key) } }
    }
}

/// How many lookups failed since the last one that did not.
private final class Failures: Sendable {
    private let count = Mutex(0)

    var inARow: Int { count.withLock { $0 } }
    func add() { count.withLock { $0 += 1 } }
    func end() { count.withLock { $0 = 0 } }
}
