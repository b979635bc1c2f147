import OTLP

extension Placing {
    /// Weighs candidates for a part against each other.
    mutating func weigh(_ candidates: [Int], for part: Int, isTold: Bool) -> [Weight] {
        let cover = cover(of: part)
        let support =
            candidates.count > 1 ? textSupport(of: part, among: candidates) : [0]
        let weak = candidates.map { weakness($0, for: part, cover) }
        return candidates.indices.map { place in
            let host = candidates[place]
            var weight = Weight(isTold: isTold)
            weighThread(host, cover, &weight)
            if support[place] > 0 {
                let missing = Evidence.exponential(-0.693 * support[place])
                weight.add(.sharedText, 2 * Evidence.sharedTextWeight * (1 - missing))
            }
            let isHeldDeeper = candidates.indices.contains { other in
                other != place && weak[other].weight >= -1 && isAbove(host, candidates[other])
            }
            if isHeldDeeper { weight.add(.heldDeeper, Evidence.heldDeeperWeight) }
            if weak[place].weight != 0 { weight.add(weak[place].evidence, weak[place].weight) }
            weighTimes(host, part, cover, isHeldDeeper: isHeldDeeper, &weight)
            callers.weigh(cover, below: spans[host], into: &weight)
            return weight
        }
    }

    private func weighThread(_ host: Int, _ cover: RepairSpan, _ weight: inout Weight) {
        guard cover.thread != 0, spans[host].thread != 0 else { return }
        if cover.thread == spans[host].thread {
            weight.add(.sameThread, Evidence.sameThreadWeight)
        } else {
            weight.add(.otherThread, Evidence.otherThreadWeight)
        }
    }

    /// What speaks against a candidate by its own nature.
    private func weakness(
        _ host: Int, for part: Int, _ cover: RepairSpan
    ) -> (evidence: Evidence, weight: Double) {
        let span = spans[host]
        let isLeaf = ancestry.children(of: host).isEmpty && (added[host] ?? []).isEmpty
        let isOfAgent = cover.operation == .model || cover.operation == .tool
        if span.operation == .tool && isLeaf && isOfAgent { return (.seldomHolds, -2.5) }
        if span.operation == .tool && isOfAgent { return (.seldomHolds, -0.7) }
        if span.operation == .model && cover.operation == .model { return (.seldomHolds, -0.5) }
        let top = ancestry.root[host]
        if !parts[part].isOfTrace, let loose = partOfTop[top], !parts[loose].isOfTrace,
            spans[top].operation == cover.operation
        {
            return (.likeLevel, Evidence.likeLevelWeight)
        }
        return (.likeLevel, 0)
    }

    /// One thread does one thing at a time, so what it does next begins where the last thing ends.
    private func weighTimes(
        _ host: Int, _ part: Int, _ cover: RepairSpan, isHeldDeeper: Bool, _ weight: inout Weight
    ) {
        let span = spans[host]
        var before = cover.start - min(cover.start, span.start)
        var after = span.end - min(span.end, cover.end)
        var busy = 0.0
        let look = { (child: Int) in
            let other = spans[child]
            guard other.process == span.process, partOfTop[child] != part,
                other.thread == 0 || cover.thread == 0 || other.thread == cover.thread
            else { return }
            if other.end <= cover.start {
                before = min(before, cover.start - other.end)
            } else if other.start >= cover.end {
                after = min(after, other.start - cover.end)
            } else if !(isHeldDeeper && cover.isEnclosed(by: other)) {
                busy = min(busy, cover.clash(with: other))
            }
        }
        let children = ancestry.children(of: host)
        var low = children.startIndex
        var high = children.endIndex
        while low < high {
            let middle = (low + high) / 2
            if spans[children[middle]].start < cover.end { low = middle + 1 } else { high = middle }
        }
        for child in children[max(children.startIndex, low - 16)..<min(children.endIndex, low + 2)] {
            look(child)
        }
        for child in (added[host] ?? []).suffix(16) { look(child) }
        if busy < 0 { weight.add(.busy, busy) }
        weight.add(.tightFit, Evidence.fit(before) + Evidence.fit(after))
    }

    /// How many rare texts a part shares with what is below each candidate.
    ///
    /// A text that several branches tell counts for each of them by the square of their number.
    private mutating func textSupport(of part: Int, among candidates: [Int]) -> [Double] {
        let shared = texts()
        var own: Set<UInt64> = []
        var members = parts[part].tops
        var place = 0
        while place < members.count && place < 16 {
            own.formUnion(shared.texts(of: members[place]))
            if members.count < 16 { members += ancestry.children(of: members[place]).prefix(16) }
            place += 1
        }
        var support = [Double](repeating: 0, count: candidates.count)
        guard !own.isEmpty else { return support }
        let ownTops = Set(parts[part].tops)
        var places: [Int: Int] = [:]
        for (place, candidate) in candidates.enumerated() { places[candidate] = place }
        for text in own {
            var reached: Set<Int> = []
            for holder in shared.holders(of: text) {
                var node: Int? = holder
                var path: [Int] = []
                for _ in 0..<RepairLimits.traceHops {
                    guard let current = node else { break }
                    if ownTops.contains(current) {
                        path = []
                        break
                    }
                    if let place = places[current] { path.append(place) }
                    node = above(current)
                }
                reached.formUnion(path)
            }
            guard !reached.isEmpty else { continue }
            let branches = reached.count { outer in
                !reached.contains { $0 != outer && isAbove(candidates[outer], candidates[$0]) }
            }
            for place in reached { support[place] += 1 / Double(branches * branches) }
        }
        return support
    }
}

extension RepairSpan {
    /// How unlikely it is that one agent does both of these at once.
    func clash(with other: RepairSpan) -> Double {
        switch (operation, other.operation) {
        case (.model, .tool), (.tool, .model): Evidence.busyWeight
        case (.model, .model): Evidence.busyTwiceModelWeight
        case (.model, .step), (.step, .model): Evidence.busyTwiceModelWeight
        default: Evidence.busyAlikeWeight
        }
    }
}
