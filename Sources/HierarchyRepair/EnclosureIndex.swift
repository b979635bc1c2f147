/// Finds the spans that were open around a stretch of time, the latest-started first.
///
/// A tree of maxima over spans in order of their start: each answer costs log n, however the
/// spans overlap.
struct EnclosureIndex {
    /// Spans by start; where starts are equal the longer first.
    private(set) var members: [Int]
    private let starts: [UInt64]
    private let latestEnd: [UInt64]
    private let leaves: Int

    init(_ chosen: [Int], of spans: [RepairSpan]) {
        members = chosen.sorted { left, right in
            let (a, b) = (spans[left], spans[right])
            return (a.start, b.end, left) < (b.start, a.end, right)
        }
        starts = members.map { spans[$0].start }
        var leaves = 1
        while leaves < members.count { leaves *= 2 }
        var tree = [UInt64](repeating: 0, count: 2 * leaves)
        for (place, member) in members.enumerated() { tree[leaves + place] = spans[member].end }
        for node in stride(from: leaves - 1, to: 0, by: -1) {
            tree[node] = max(tree[2 * node], tree[2 * node + 1])
        }
        latestEnd = tree
        self.leaves = leaves
    }

    /// How many members started at the time or before it.
    func count(startedBy time: UInt64) -> Int {
        var low = 0
        var high = starts.count
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] <= time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The last place before `limit` whose span ends at `end` or later.
    func lastPlace(before limit: Int, endingBy end: UInt64) -> Int? {
        guard limit > 0 else { return nil }
        var node = leaves + limit - 1
        if latestEnd[node] >= end { return limit - 1 }
        while node > 1 {
            let isRight = node & 1 == 1
            node /= 2
            if isRight && latestEnd[2 * node] >= end {
                node = 2 * node
                while node < leaves {
                    node = latestEnd[2 * node + 1] >= end ? 2 * node + 1 : 2 * node
                }
                return node - leaves
            }
        }
        return nil
    }

    /// Spans that were open around the given one, the latest-started first.
    ///
    /// Looks at no more than `Limits.candidatesSeen` spans, so that crowds stay cheap.
    func spans(
        enclosing span: RepairSpan, of spans: [RepairSpan], limit: Int,
        seeing sight: Int = RepairLimits.candidatesSeen, where isWanted: (Int) -> Bool
    ) -> [Int] {
        var found: [Int] = []
        var place = count(startedBy: span.start)
        var seen = 0
        while found.count < limit, seen < sight,
            let next = lastPlace(before: place, endingBy: span.end)
        {
            place = next
            seen += 1
            let member = members[next]
            if span.isEnclosed(by: spans[member]) && isWanted(member) { found.append(member) }
        }
        return found
    }
}

/// What keeps the repair near linear on hostile input.
enum RepairLimits {
    /// Spans looked at for one host: beyond it a crowd cannot be told apart anyway.
    static let candidatesSeen = 256
    /// Hosts weighed against each other.
    static let candidatesWeighed = 64
    /// Weights of a round over all loose parts, so that many of them are weighed with fewer hosts each.
    static let weightsOfRound = 128_000
    /// Parts that compete and are still solved exactly.
    static let exactParts = 64
    /// Weights that are looked at to solve one group of parts exactly, and all of a run in all rounds.
    static let jointWorkOfGroup = 10_000_000
    static let jointWork = 30_000_000
    /// What it costs to see whether two parts disturb each other, in such weights.
    static let jointWorkOfClash = 64
    /// Loose parts that are placed in several rounds, the clear ones first, and by what they tell.
    /// Beyond it one round has to do, with fewer candidates and without texts.
    static let partsOfManyRounds = 5_000
    /// Candidates weighed, and spans looked at for them, in a run with more loose parts.
    static let candidatesWeighedOfMany = 8
    static let candidatesSeenOfMany = 48
    /// Traces that are followed upwards, each dispatched from the next.
    static let traceHops = 64
}
