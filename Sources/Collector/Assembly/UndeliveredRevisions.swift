import Inbox
import Synchronization

/// Mended runs that the replacing sinks have not got yet, by the memory that they take.
///
/// Assembly is faster than any sink. What it makes too early falls out of memory and has to be
/// mended again, so it waits while more is under way than memory is there for.
final class UndeliveredRevisions: Sendable {
    private struct State {
        var bytes: [RunKey: Int] = [:]
        var total = 0
    }

    private let state = Mutex(State())
    private let limit: Int
    private let delivered: Signal

    /// - Parameters:
    ///   - limit: bytes that may be under way.
    ///   - delivered: raised when a delivery ended, well or badly.
    init(limit: Int, delivered: Signal) {
        self.limit = limit
        self.delivered = delivered
    }

    /// A revision is under way.
    func insert(_ run: RunKey, bytes: Int) {
        state.withLock { state in
            state.total += bytes - (state.bytes.updateValue(bytes, forKey: run) ?? 0)
        }
    }

    /// Its delivery ended, well or badly.
    func remove(_ run: RunKey) {
        state.withLock { $0.total -= $0.bytes.removeValue(forKey: run) ?? 0 }
    }

    /// Returns when there is room, or after a second: a sink that hangs must not stop mending, so
    /// what was under way then counts no more.
    func waitForRoom() async {
        let deadline = ContinuousClock.now + .seconds(1)
        while true {
            let seen = delivered.generation
            guard state.withLock({ $0.total > limit }) else { return }
            let left = deadline - ContinuousClock.now
            guard left > .zero else { return state.withLock { $0 = State() } }
            await delivered.wait(after: seen, atMost: left)
        }
    }
}
