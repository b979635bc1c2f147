import Synchronization

/// The larger bodies of which more is to come, so that those that come slowly can make room.
///
/// A client that sends much at once and the rest by and by would otherwise hold the room for requests
/// until its time is over, and all others would be refused meanwhile.
final class UnfinishedBodies: Sendable {
    private struct Entry {
        weak var exchange: IngestExchange?
        var bytes: Int
        var startedUnixNano: Int64
    }

    /// Smaller ones are left alone: as many as there may be connections hold no more than half of
    /// the room.
    static let leastBytes = 16 << 10
    /// A body gets that long before it may have to go.
    private static let graceNanoseconds: Int64 = 1_000_000_000

    private let entries = Mutex<[ObjectIdentifier: Entry]>([:])

    func note(_ exchange: IngestExchange, bytes: Int, startedUnixNano: Int64) {
        entries.withLock {
            $0[ObjectIdentifier(exchange)] = Entry(
                exchange: exchange, bytes: bytes, startedUnixNano: startedUnixNano)
        }
    }

    func remove(_ exchange: ObjectIdentifier) {
        entries.withLock { _ = $0.removeValue(forKey: exchange) }
    }

    /// Gives up the slowest bodies until there is room for so many bytes.
    /// - Returns: whether there is.
    func makeRoom(for count: Int, in bytesInFlight: BytesInFlight, nowUnixNano now: Int64) -> Bool {
        while !bytesInFlight.hasRoom(for: count) {
            guard let slowest = takeSlowest(now) else { return false }
            slowest.giveUp()
        }
        return true
    }

    private func takeSlowest(_ now: Int64) -> IngestExchange? {
        entries.withLock { entries in
            let slowest = entries.lazy.filter {
                now - $0.value.startedUnixNano >= Self.graceNanoseconds
            }
            .min { Self.pace($0.value, now) < Self.pace($1.value, now) }
            guard let slowest else { return nil }
            entries.removeValue(forKey: slowest.key)
            return slowest.value.exchange
        }
    }

    private static func pace(_ entry: Entry, _ now: Int64) -> Double {
        Double(entry.bytes) / Double(max(1, now - entry.startedUnixNano))
    }
}
