/// Which requests some run still has to deliver, and how many bytes they are.
///
/// Kept in memory by the writer, so that neither appending nor delivering writes a row for it.
struct Backlog {
    private struct Entry {
        var bytes: Int
        var receivedUnixNano: Int64
        /// How many runs have not delivered the request.
        var runs: Int
    }

    private var entries: [Int64: Entry] = [:]
    /// For each run the requests that it has not delivered, ascending.
    private var waiting: [Int64: [Int64]] = [:]
    /// All ids that ever waited, ascending from `head`; delivered ones are skipped when met.
    private var order: [Int64] = []
    private var head = 0
    private(set) var bytes = 0

    var count: Int { entries.count }

    func contains(_ request: Int64) -> Bool { entries[request] != nil }

    /// When the oldest request was received that waits.
    mutating func oldestUnixNano() -> Int64? {
        while head < order.count {
            if let entry = entries[order[head]] { return entry.receivedUnixNano }
            head += 1
            if head > 4096, head * 2 > order.count {
                order.removeFirst(head)
                head = 0
            }
        }
        return nil
    }

    /// Notes that a run has to deliver a request; telling it twice changes nothing.
    mutating func add(_ request: Int64, bytes added: Int, receivedUnixNano: Int64, to run: Int64) {
        var list = waiting.removeValue(forKey: run) ?? []
        defer { waiting[run] = list }
        let place = list.firstIndexNotBelow(request)
        guard place == list.count || list[place] != request else { return }
        list.insert(request, at: place)
        if entries[request] == nil {
            entries[request] = Entry(bytes: added, receivedUnixNano: receivedUnixNano, runs: 0)
            bytes += added
            let place = order.firstIndexNotBelow(request)
            if place == order.count || order[place] != request {
                order.insert(request, at: place)
            }
            head = min(head, place)
        }
        entries[request]?.runs += 1
    }

    /// Notes that a run has delivered all its requests up to this one.
    mutating func deliver(_ run: Int64, through request: Int64) {
        guard let list = waiting[run] else { return }
        let end = request == .max ? list.count : list.firstIndexNotBelow(request + 1)
        for done in list[..<end] { release(done) }
        waiting[run] = end == list.count ? nil : Array(list[end...])
    }

    private mutating func release(_ request: Int64) {
        guard var entry = entries[request] else { return }
        entry.runs -= 1
        if entry.runs > 0 {
            entries[request] = entry
        } else {
            entries[request] = nil
            bytes -= entry.bytes
        }
    }
}

extension [Int64] {
    /// The first place in an ascending array whose element is not below a number.
    func firstIndexNotBelow(_ number: Int64) -> Int {
        if let last, last < number { return count }
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
