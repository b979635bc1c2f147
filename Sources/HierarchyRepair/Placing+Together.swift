/// Loose parts that may be children of one host at the same time are placed together: one thread
/// does one thing at a time, so the host of the one tells where the others were.
extension Placing {
    /// A loose part with the hosts that are near the best of them.
    private struct Contender {
        var part: Int
        var cover: RepairSpan
        var hosts: [Int]
        var weights: [Double]
        /// All its candidates, for the explanation.
        var weighed: [(host: Int, weight: Weight)]
    }

    /// Solves each group of open parts that may overlap, and places those that lead by so much.
    ///
    /// - Returns: The parts of solved groups that do not.
    mutating func placeTogether(leadNeeded: Double) -> Set<Int> {
        var undecided: Set<Int> = []
        guard !isCrowded, jointWorkLeft > 0 else { return undecided }
        var contenders: [Contender] = []
        for part in open { if let contender = contender(part) { contenders.append(contender) } }
        for places in groups(of: contenders) {
            guard places.count <= RepairLimits.exactParts else {
                largestCrowd = max(largestCrowd, places.count)
                continue
            }
            let group = places.map { contenders[$0] }
            guard let loss = solve(group) else {
                hardestGroup = max(hardestGroup, group.count)
                continue
            }
            for (contender, own) in zip(group, loss)
            where !place(contender, own, leadNeeded: leadNeeded) {
                undecided.insert(contender.part)
            }
        }
        return undecided
    }

    mutating func noteWhatWasNotSolved() {
        if largestCrowd > 0 {
            notes.add(
                "\(largestCrowd) parts may overlap below the same spans, more than "
                    + "\(RepairLimits.exactParts); the clear ones were placed first")
        }
        if hardestGroup > 0 {
            notes.add(
                "\(hardestGroup) parts that may overlap could not be placed together within the work "
                    + "allowed; the clear ones were placed first")
        }
    }

    private mutating func contender(_ part: Int) -> Contender? {
        let weighed = weighedCandidates(of: part)
        let (candidates, weights) = (weighed.candidates, weighed.weights)
        guard !candidates.isEmpty else { return nil }
        let best = weights.map(\.total).max() ?? 0
        let near = candidates.indices.filter {
            weights[$0].total >= best - Evidence.leadThatHolds
        }
        return Contender(
            part: part, cover: cover(of: part), hosts: near.map { candidates[$0] },
            weights: near.map { weights[$0].total },
            weighed: candidates.indices.map { (candidates[$0], weights[$0]) })
    }

    private mutating func place(_ contender: Contender, _ loss: [Double], leadNeeded: Double)
        -> Bool
    {
        let ranked = loss.indices.sorted { (loss[$0], $0) < (loss[$1], $1) }
        let lead = loss[ranked[1]]
        guard ranked[0] < contender.hosts.count, lead >= leadNeeded else { return false }
        let host = contender.hosts[ranked[0]]
        explain(contender.part, contender.weighed, winner: host, lead: lead)
        let isFar = spans[host].relation(to: contender.cover) == .different
        place(
            contender.part, below: host, rule(contender.part, host),
            isFar ? Confidence.otherProcess : Confidence.weighed(lead: lead))
        return true
    }

    /// Contenders that may overlap below one host, in the order of time; who meets nobody is left
    /// out.
    private func groups(of contenders: [Contender]) -> [[Int]] {
        var leader = Array(contenders.indices)
        func find(_ place: Int) -> Int {
            var place = place
            while leader[place] != place {
                leader[place] = leader[leader[place]]
                place = leader[place]
            }
            return place
        }
        var byHost: [Int: [Int]] = [:]
        for (place, contender) in contenders.enumerated() where contender.hosts.count > 1 {
            for host in contender.hosts { byHost[host, default: []].append(place) }
        }
        for host in byHost.keys.sorted() {
            let places = (byHost[host] ?? []).sorted {
                (contenders[$0].cover.start, $0) < (contenders[$1].cover.start, $1)
            }
            for (index, place) in places.enumerated() {
                for other in places[(index + 1)...].prefix(RepairLimits.exactParts) {
                    guard contenders[other].cover.start < contenders[place].cover.end else {
                        break
                    }
                    let (a, b) = (find(place), find(other))
                    guard a != b, clash(contenders[place], contenders[other], below: host) < 0
                    else { continue }
                    leader[max(a, b)] = min(a, b)
                }
            }
        }
        return Dictionary(grouping: contenders.indices, by: find).values
            .filter { $0.count > 1 }.sorted { $0[0] < $1[0] }
    }

    /// What it weighs that two are children of one host at the same time.
    private func clash(_ one: Contender, _ other: Contender, below host: Int) -> Double {
        let (a, b) = (one.cover, other.cover)
        guard a.start < b.end, b.start < a.end,
            a.process == spans[host].process, b.process == a.process,
            a.thread == 0 || b.thread == 0 || a.thread == b.thread,
            !(a.isEnclosed(by: b) && b.mayHold(a)), !(b.isEnclosed(by: a) && a.mayHold(b))
        else { return 0 }
        return min(
            callers.clash(a, with: b, below: spans[host], isLost: parts[one.part].lost != nil),
            callers.clash(b, with: a, below: spans[host], isLost: parts[other.part].lost != nil))
    }

    /// What each host and, last, none would cost each of a group; nil where that takes too long.
    private mutating func solve(_ group: [Contender]) -> [[Double]]? {
        var clashes: [JointChoice.Clash] = []
        for (one, contender) in group.enumerated() {
            var options: [Int: Int] = [:]
            for (option, host) in contender.hosts.enumerated() { options[host] = option }
            for other in group.indices.dropFirst(one + 1) {
                for (otherOption, host) in group[other].hosts.enumerated() {
                    guard let option = options[host] else { continue }
                    jointWorkLeft -= RepairLimits.jointWorkOfClash
                    let weight = clash(contender, group[other], below: host)
                    guard weight < 0 else { continue }
                    clashes.append(
                        JointChoice.Clash(
                            part: one, option: option, otherPart: other,
                            otherOption: otherOption, weight: weight))
                }
            }
        }
        let choice = JointChoice(
            weights: group.map { $0.weights + [weightOfNone($0.part)] }, clashes: clashes,
            allowance: min(jointWorkLeft, RepairLimits.jointWorkOfGroup))
        jointWorkLeft -= choice.work
        return choice.loss
    }
}
