import OTLP
import Synchronization

/// What a sink's last deliveries say about it: a sink that is away is asked with one run at a time.
final class SinkHealth: Sendable {
    private struct State {
        var failures = 0
        var retryUnixNano: Int64 = 0
        var traces: Set<TraceID> = []
    }

    private let state = Mutex(State())

    /// Not to be asked before; 0 while it is well.
    var retryUnixNano: Int64 { state.withLock { $0.retryUnixNano } }

    /// Failures since the last success.
    var failures: Int { state.withLock { $0.failures } }

    /// A delivery succeeded.
    /// - Returns: whether the sink was away before.
    func succeeded() -> Bool {
        state.withLock { state in
            defer { (state.failures, state.retryUnixNano) = (0, 0) }
            return state.failures > 0
        }
    }

    /// A delivery failed and may succeed later.
    /// - Returns: whether the sink was well before.
    func failed(retryUnixNano: Int64) -> Bool {
        state.withLock { state in
            state.failures += 1
            state.retryUnixNano = max(state.retryUnixNano, retryUnixNano)
            return state.failures == 1
        }
    }

    /// Lets the sink be asked at once, whatever it did before.
    func forgive() {
        state.withLock { $0.retryUnixNano = 0 }
    }

    /// Takes the traces of a run, so that no other run that has spans of them is delivered at the
    /// same time; false where one of them is taken.
    func begin(_ traces: [TraceID]) -> Bool {
        state.withLock { state in
            guard state.traces.isDisjoint(with: traces) else { return false }
            state.traces.formUnion(traces)
            return true
        }
    }

    func end(_ traces: [TraceID]) {
        state.withLock { $0.traces.subtract(traces) }
    }
}
