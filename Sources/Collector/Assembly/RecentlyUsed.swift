import Synchronization

/// Values that were used lately, up to a total weight.
final class RecentlyUsed<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        var value: Value
        var weight: Int
        var lastUse: UInt64
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        /// Keys by their last use; older uses of a key are stale and skipped.
        var uses: [(use: UInt64, key: Key)] = []
        var weight = 0
        var clock: UInt64 = 0
    }

    private let state = Mutex(State())
    private let limit: Int

    /// - Parameter limit: the greatest total weight.
    init(limit: Int) {
        self.limit = limit
    }

    subscript(key: Key) -> Value? {
        state.withLock { state in
            guard state.entries[key] != nil else { return nil }
            touch(key, &state)
            return state.entries[key]?.value
        }
    }

    /// Keeps a value in place of the one before; what was not used for longest goes.
    func insert(_ value: Value, for key: Key, weight: Int) {
        guard weight <= limit else { return remove(key) }
        state.withLock { state in
            drop(key, &state)
            state.entries[key] = Entry(value: value, weight: weight, lastUse: 0)
            state.weight += weight
            touch(key, &state)
            var place = 0
            while state.weight > limit, place < state.uses.count {
                let oldest = state.uses[place]
                place += 1
                if state.entries[oldest.key]?.lastUse == oldest.use { drop(oldest.key, &state) }
            }
            state.uses.removeFirst(place)
        }
    }

    func remove(_ key: Key) {
        state.withLock { drop(key, &$0) }
    }

    private func drop(_ key: Key, _ state: inout State) {
        guard let entry = state.entries.removeValue(forKey: key) else { return }
        state.weight -= entry.weight
    }

    private func touch(_ key: Key, _ state: inout State) {
        state.clock += 1
        state.entries[key]?.lastUse = state.clock
        state.uses.append((use: state.clock, key: key))
        if state.uses.count > 64 + 4 * state.entries.count {
            state.uses.removeAll { state.entries[$0.key]?.lastUse != $0.use }
        }
    }
}
