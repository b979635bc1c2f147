/// How far a process's clock is from the others', told from all its pairs at once.
///
/// What was called lies inside the call. So each pair of a call and what it may have called allows a
/// stretch of offsets; the true offset lies where the most stretches overlap.
struct ClockOffsets {
    private struct Stretch {
        var low: Int64
        var high: Int64
        var unit: Int
    }

    private var stretches: [Stretch] = []

    /// Clocks further apart are not believed.
    static let limit: Int64 = 10_000_000_000
    /// What servers may outlive their clients by, and what clocks disagree anyhow.
    static let tolerance: Int64 = 5_000_000

    /// - Parameter unit: what was called; its stretches count once.
    mutating func add(_ span: RepairSpan, inside call: RepairSpan, unit: Int) {
        guard let low = Self.difference(call.start, span.start),
            let end = Self.difference(call.end, span.end)
        else { return }
        let high = max(end, low + Self.tolerance)
        guard low <= Self.limit, high >= -Self.limit else { return }
        stretches.append(Stretch(low: low, high: high, unit: unit))
    }

    static func difference(_ left: UInt64, _ right: UInt64) -> Int64? {
        let size = left > right ? left - right : right - left
        guard size < UInt64(limit) * 1000 else { return nil }
        return left > right ? Int64(size) : -Int64(size)
    }

    /// Nanoseconds to add to the process's times; 0 where its clock is right for most.
    func best() -> Int64 {
        guard !stretches.isEmpty else { return 0 }
        let atZero = Set(
            stretches.lazy.filter { $0.low <= Self.tolerance && $0.high >= -Self.tolerance }
                .map(\.unit)
        ).count
        var events = stretches.map { (at: $0.low, isEnd: false, unit: $0.unit) }
        events += stretches.map { (at: $0.high, isEnd: true, unit: $0.unit) }
        events.sort { ($0.at, $0.isEnd ? 1 : 0, $0.unit) < ($1.at, $1.isEnd ? 1 : 0, $1.unit) }
        var active: [Int: Int] = [:]
        var best = 0
        var bestOffset: Int64 = 0
        for (place, event) in events.enumerated() {
            if event.isEnd {
                let left = (active[event.unit] ?? 1) - 1
                active[event.unit] = left == 0 ? nil : left
                continue
            }
            active[event.unit, default: 0] += 1
            guard place + 1 < events.count, active.count >= best else { continue }
            let next = events[place + 1].at
            let middle = event.at + (next - event.at) / 2
            if active.count > best || middle.magnitude < bestOffset.magnitude {
                best = active.count
                bestOffset = middle
            }
        }
        return atZero * 10 >= best * 9 ? 0 : bestOffset
    }
}
