import OTLP

extension Placing {
    /// Weighs candidates for a part against each other.
    mutating func weigh(_ candidates: [Int], for part: Int, isTold: Bool) -> [Weight] {
        let cover = cover(of: part)
        let support =
            candidates.count > 1 && !isCrowded
            ? textSupport(of: part, among: candidates)
            : [Double](repeating: 0, count: candidates.count)
        let weak = candidates.map { weakness($0, for: part, cover) }
        let sign =
            parts[part].lost == nil
            ? UsualCallers.Sign(cover)
            : callers.lostSign(above: parts[part].tops.prefix(16).map { spans[$0] })
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
            callers.weigh(sign, below: spans[host], into: &weight)
            if parts[part].above == host { weight.add(.reported, Evidence.reportedWeight) }
            return weight
        }
    }

    private func weighThread(_ host: Int, _ cover: RepairSpan, _ weight: inout Weight) {
        guard cover.thread != 0, spans[host].thread != 0 else { return }
        if cover.thread == spans[host].thread {
            weight.add(.sameThread, Evidence.sameThreadWeight)
        } else {
            weight.add(.otherThread, callers.otherThread(below: spans[host]))
        }
    }

    /// What speaks against a candidate by its own nature.
    private func weakness(
        _ host: Int, for part: Int, _ cover: RepairSpan
    ) -> (evidence: Evidence, weight: Double) {
        let span = spans[host]
        let isOfAgent = cover.operation == .model || cover.operation == .tool
        if span.operation == .tool && isOfAgent {
            // What was lost may have stood between.
            if parts[part].lost != nil { return (.seldomHolds, -0.5) }
            let runsAgents = ancestry.children(of: host).prefix(16).contains {
                spans[$0].operation.isHostOfModelCalls || spans[$0].operation == .model
            }
            guard runsAgents else { return (.seldomHolds, -2.5) }
            return (.seldomHolds, cover.operation == .tool ? -2 : -0.7)
        }
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
                busy = min(
                    busy,
                    callers.clash(
                        cover, with: other, below: span,
                        isLost: parts[part].lost != nil))
            }
        }
        let children = ancestry.children(of: host)
        let low = children.partitioningIndex { spans[$0].start >= cover.end }
        for child in children[max(children.startIndex, low - 16)..<min(children.endIndex, low + 2)]
        {
            look(child)
        }
        for child in (added[host] ?? []).suffix(16) { look(child) }
        if busy < 0 { weight.add(.busy, busy) }
        weight.add(.tightFit, Evidence.fit(before) + Evidence.fit(after))
    }

    /// How many rare texts a part shares with what is below each candidate.
    ///
    /// What is told below a candidate counts for it and, where no candidate further down tells it, for
    /// those further down as well: it tells branches apart, not levels. A text that several branches
    /// tell, or spans elsewhere in the run, counts that much less.
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
        var places: [Int: Int] = [:]
        for (place, candidate) in candidates.enumerated() { places[candidate] = place }
        let lowest = candidates.indices.filter { outer in
            !candidates.contains { $0 != candidates[outer] && isAbove(candidates[outer], $0) }
        }
        guard lowest.count > 1 else { return support }
        for text in own.sorted() {
            var count = [Double](repeating: 0, count: candidates.count)
            var all = 0.0
            for holder in shared.holders(of: text) {
                switch reach(of: holder, from: part, places) {
                case .candidate(let place):
                    count[place] += 1
                    all += 1
                case .elsewhere: all += 1
                case .loose: all += 0.5
                case .own: break
                }
            }
            let telling = candidates.indices.filter { count[$0] > 0 }
            guard !telling.isEmpty else { continue }
            var shares = [Double](repeating: 0, count: candidates.count)
            for place in candidates.indices {
                // What is told above or below is told on the same branch.
                let branch = telling.reduce(0.0) { sum, other in
                    let isNear =
                        other == place || isAbove(candidates[other], candidates[place])
                        || isAbove(candidates[place], candidates[other])
                    return isNear ? sum + count[other] : sum
                }
                let share = min(branch, largest(of: telling, count, candidates, near: place)) / all
                shares[place] = share * share
            }
            // What the lowest candidates share tells nothing.
            let common = lowest.map { shares[$0] }.min() ?? 0
            for place in candidates.indices { support[place] += max(0, shares[place] - common) }
        }
        return support
    }

    /// A candidate on whose branches different spans tell a text has no more of it than the best of
    /// its branches, so that the upper never win by their size.
    private func largest(
        of telling: [Int], _ count: [Double], _ candidates: [Int], near place: Int
    ) -> Double {
        var largest = 0.0
        for low in telling {
            guard
                low == place || isAbove(candidates[place], candidates[low])
                    || isAbove(candidates[low], candidates[place])
            else { continue }
            var chain = 0.0
            for other in telling
            where other == low || isAbove(candidates[other], candidates[low]) {
                chain += count[other]
            }
            largest = max(largest, chain)
        }
        return largest
    }

    private enum Reach {
        case candidate(Int)
        case elsewhere
        /// Below a part that has no place yet.
        case loose
        /// Below the part that is being placed.
        case own
    }

    /// The first candidate above a span or at it.
    private func reach(of holder: Int, from part: Int, _ places: [Int: Int]) -> Reach {
        var node = holder
        for _ in 0..<RepairLimits.traceHops {
            if let place = places[node] { return .candidate(place) }
            if let loose = partOfTop[node], loose == part { return .own }
            guard let next = above(node) else {
                return partOfTop[node] == nil ? .elsewhere : .loose
            }
            node = next
        }
        return .elsewhere
    }
}
