import OTLP

/// What the store has of an attempt before a delivery: the run's own spans of earlier deliveries,
/// and what a runner wrote there by itself.
struct StoredSpan: Hashable, Sendable {
    var id: SpanID
    var sequence: Int64
    /// In nanoseconds since 1970-01-01 UTC; the store keeps about 200 ns.
    var startUnixNano: UInt64
}

/// Gives spans the numbers by which the store orders them.
///
/// The store lists spans by number, and those of one number in the order in which they came. What
/// is there keeps its number; a span gets one after all that began before it and before all that
/// began later, so that a reward that a runner wrote is found behind the calls that it is for,
/// whether it or the calls came first. Where no number is left between two, the span shares one.
struct SequenceNumbers {
    let storedIDs: Set<SpanID>
    private let stored: [StoredSpan]
    /// The greatest number of the first spans of `stored`, by how many.
    private let greatest: [Int64]
    /// The least number of the last spans of `stored`, from which on.
    private let least: [Int64]
    private var last: Int64?

    init(_ stored: [StoredSpan] = []) {
        storedIDs = Set(stored.map(\.id))
        self.stored = stored.sorted { $0.startUnixNano < $1.startUnixNano }
        var greatest: [Int64] = [-1]
        for span in self.stored {
            greatest.append(max(greatest[greatest.count - 1], span.sequence))
        }
        var least: [Int64] = [.max]
        for span in self.stored.reversed() {
            least.append(min(least[least.count - 1], span.sequence))
        }
        self.greatest = greatest
        self.least = least.reversed()
    }

    /// The next span's number; the store counts from 1.
    ///
    /// Spans are asked for in causal order and never get a lesser number than one before.
    mutating func next(startUnixNano start: UInt64) -> Int64 {
        let earlier = countBefore(start)
        let (floor, ceiling) = (greatest[earlier], least[earlier])
        let least = max(last ?? 0, floor, 0)
        let following = least < .max ? least + 1 : least
        // Where what is stored contradicts the run's order, the run's order is kept.
        let number = max(min(following, ceiling - 1), last ?? 0, floor, 0)
        last = number
        return number
    }

    /// How many stored spans began before or with this time.
    private func countBefore(_ start: UInt64) -> Int {
        var (low, high) = (0, stored.count)
        while low < high {
            let middle = (low + high) / 2
            if stored[middle].startUnixNano <= start { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
