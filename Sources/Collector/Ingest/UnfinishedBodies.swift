import Synchronization

/// The larger bodies of which more is to come, so that those that hardly come can make room.
///
/// A client that sends much at once and the rest by and by would otherwise hold the room for requests
/// until its time is over, and all others would be refused meanwhile.
final class UnfinishedBodies: Sendable {
    private struct Entry {
        weak var exchange: IngestExchange?
        var bytes: Int
        /// When the body last had come another step further, and how far.
        var steppedUnixNano: Int64
        var stepBytes: Int
    }

    /// Smaller ones are left alone: by default as many as there may be connections hold no more than
    /// half of the room.
    static let leastBytes = 16 << 10
    /// A body of which less than `stepBytes` came in that time may have to go.
    private static let patienceNanoseconds: Int64 = 1_000_000_000
    private static let stepBytes = 64 << 10

    private let entries = Mutex<[ObjectIdentifier: Entry]>([:])

    func note(_ exchange: IngestExchange, bytes: Int, nowUnixNano now: Int64) {
        entries.withLock { entries in
            let id = ObjectIdentifier(exchange)
            var entry =
                entries[id]
                ?? Entry(exchange: exchange, bytes: 0, steppedUnixNano: now, stepBytes: bytes)
            entry.bytes = bytes
            if bytes - entry.stepBytes >= Self.stepBytes {
                entry.steppedUnixNano = now
                entry.stepBytes = bytes
            }
            entries[id] = entry
        }
    }

    func remove(_ exchange: ObjectIdentifier) {
        entries.withLock { _ = $0.removeValue(forKey: exchange) }
    }

    /// Whether there is room for so many bytes, or would be without the bodies that hardly come.
    func mayHaveRoom(for count: Int, in bytesInFlight: BytesInFlight, nowUnixNano now: Int64)
        -> Bool
    {
        let missing = count - bytesInFlight.free
        return missing <= 0
            || entries.withLock { entries in Self.stalled(entries, now).bytes >= missing }
    }

    /// Gives up bodies that hardly come, those first that stand still longest, until there is room
    /// for so many bytes. Where all of them are too little, none has to go.
    /// - Returns: whether there is room.
    func makeRoom(for count: Int, in bytesInFlight: BytesInFlight, nowUnixNano now: Int64) -> Bool {
        while true {
            let missing = count - bytesInFlight.free
            guard missing > 0 else { return true }
            let slowest = entries.withLock { entries -> Entry? in
                let stalled = Self.stalled(entries, now)
                guard stalled.bytes >= missing, let slowest = stalled.slowest else { return nil }
                return entries.removeValue(forKey: slowest)
            }
            guard let slowest else { return false }
            slowest.exchange?.giveUp()
        }
    }

    private static func stalled(
        _ entries: [ObjectIdentifier: Entry], _ now: Int64
    ) -> (slowest: ObjectIdentifier?, bytes: Int) {
        var slowest: (id: ObjectIdentifier, since: Int64)?
        var bytes = 0
        for (id, entry) in entries {
            let since = entry.steppedUnixNano
            // A clock that was set back makes nobody quick.
            guard now - since >= patienceNanoseconds || now < since else { continue }
            bytes += entry.bytes
            if slowest.map({ since < $0.since }) ?? true { slowest = (id, since) }
        }
        return (slowest?.id, bytes)
    }
}
