import Synchronization

/// How much each service has sent lately, to tell which one is running away when there is too much.
///
/// Counted in two windows, this one and the one before, so that a share changes within seconds and
/// memory is bounded by what can be sent meanwhile.
final class ServiceShares: Sendable {
    private struct Window {
        var bytes: [String: Int] = [:]
        var total = 0

        mutating func add(_ count: Int, of service: String) {
            guard count > 0 else { return }
            total &+= count
            guard bytes.count < ServiceShares.maximumNames || bytes[service] != nil else { return }
            bytes[service, default: 0] &+= count
        }
    }

    private struct State {
        var current = Window()
        var previous = Window()
        var startedUnixNano: Int64 = 0
    }

    /// Names are the senders' to choose, so only so many are told apart, by their beginnings.
    private static let maximumNames = 256
    private static let maximumNameBytes = 128
    private static let windowNanoseconds: Int64 = 5_000_000_000
    private let state = Mutex(State())

    /// Counts a request, and returns whether its service is running away: it has sent more than
    /// twice what would be its share among the services that sent anything.
    ///
    /// One service alone never runs away: nobody is kept waiting by it.
    /// - Parameter bytes: 0 only asks.
    func count(_ bytes: Int, of fullName: String, nowUnixNano now: Int64) -> Bool {
        let service = String(decoding: fullName.utf8.prefix(Self.maximumNameBytes), as: UTF8.self)
        return state.withLock { state in
            let age = now - state.startedUnixNano
            if age >= Self.windowNanoseconds || age < 0 {
                state.previous =
                    age < 2 * Self.windowNanoseconds && age >= 0 ? state.current : Window()
                state.current = Window()
                state.startedUnixNano = now
            }
            state.current.add(bytes, of: service)
            let names = max(state.current.bytes.count, state.previous.bytes.count)
            let total = state.current.total &+ state.previous.total
            let own =
                (state.current.bytes[service] ?? 0) &+ (state.previous.bytes[service] ?? 0)
            guard names > 1 else { return false }
            // Of two services the one with three quarters of all; of four that with half; never one
            // with less than a quarter, however many names others make up.
            return Double(own) > Double(total) * min(0.75, max(0.25, 2 / Double(names)))
        }
    }
}
