import Synchronization

/// How many bytes of request bodies are in memory between the first byte read and the commit.
final class BytesInFlight: Sendable {
    private let bytes = Mutex(0)
    let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    /// Bytes that can be taken now.
    var free: Int { bytes.withLock { limit - $0 } }

    /// Takes room; false where there is none, and then nothing is taken.
    func take(_ count: Int) -> Bool {
        bytes.withLock { bytes in
            guard count <= limit - bytes else { return false }
            bytes += count
            return true
        }
    }

    func give(back count: Int) {
        bytes.withLock { $0 -= count }
    }

    var current: Int { bytes.withLock { $0 } }
}
