extension Placing {
    /// Gives parts hosts of their own, the best for all of them together.
    ///
    /// Parts that compete for a host are one component. Up to 64 parts it is solved exactly, beyond
    /// by descending weight, which is noted.
    mutating func settle(
        _ pairs: [(part: Int, host: Int, weight: Weight)], rule: RepairRule, none: Double
    ) {
        // By host: the first of its component, by way of others.
        var leader = [Int](repeating: -1, count: spans.count)
        func find(_ host: Int) -> Int {
            var host = host
            while leader[host] != host {
                leader[host] = leader[leader[host]]
                host = leader[host]
            }
            return host
        }
        var first = [Int](repeating: -1, count: parts.count)
        for pair in pairs {
            if leader[pair.host] < 0 { leader[pair.host] = pair.host }
            if first[pair.part] < 0 {
                first[pair.part] = pair.host
            } else {
                let (a, b) = (find(first[pair.part]), find(pair.host))
                if a != b { leader[max(a, b)] = min(a, b) }
            }
        }
        let roots = pairs.map { find($0.host) }
        let order = pairs.indices.sorted { (roots[$0], $0) < (roots[$1], $1) }
        var start = 0
        while start < order.count {
            var end = start + 1
            while end < order.count && roots[order[end]] == roots[order[start]] { end += 1 }
            let own = order[start..<end].map { pairs[$0] }
            start = end
            let unitCount = Set(own.map(\.part)).count
            if unitCount <= RepairLimits.exactParts {
                solve(own, rule: rule, none: none)
            } else {
                notes.add(
                    "\(unitCount) parts compete for the same places, more than "
                        + "\(RepairLimits.exactParts); they were placed by descending weight")
                placeByWeight(own, rule: rule, none: none)
            }
        }
    }

    private mutating func solve(
        _ pairs: [(part: Int, host: Int, weight: Weight)], rule: RepairRule, none: Double
    ) {
        let units = Set(pairs.map(\.part)).sorted()
        let hosts = Set(pairs.map(\.host)).sorted()
        var row: [Int: Int] = [:]
        var column: [Int: Int] = [:]
        for (place, unit) in units.enumerated() { row[unit] = place }
        for (place, host) in hosts.enumerated() { column[host] = place }
        var score = [[Double?]](
            repeating: [Double?](repeating: nil, count: hosts.count), count: units.count)
        for pair in pairs {
            guard let r = row[pair.part], let c = column[pair.host] else { continue }
            score[r][c] = pair.weight.total
        }
        let assignment = Assignment(score: score, none: none)
        for (r, unit) in units.enumerated() {
            let own = pairs.filter { $0.part == unit }
            guard let c = assignment.column[r] else { continue }
            let lead = assignment.lead[r]
            explain(unit, own.map { ($0.host, $0.weight) }, winner: hosts[c], lead: lead)
            if lead >= Evidence.leadNeeded {
                place(
                    unit, below: hosts[c], rule, Confidence.assigned(lead: lead),
                    withPlaceholder: true)
            } else {
                let near = own.filter { pair in
                    (score[r][c] ?? 0) - pair.weight.total < 2
                }.map(\.host)
                placeAtShared(unit, near, rule)
            }
        }
    }

    /// Below the nearest ancestor of hosts that cannot be told apart.
    mutating func placeAtShared(_ part: Int, _ hosts: [Int], _ rule: RepairRule) {
        var shared: Int? = hosts.first
        for host in hosts.dropFirst() {
            shared = shared.flatMap { nearestCommonAncestor($0, host) }
        }
        guard let shared, hosts.count == 1 || !spans[shared].isLeafCall else {
            notes.add(
                "span \(parts[part].cover.key): several spans were open around it, none of them "
                    + "above the others; it stays a root")
            return
        }
        place(part, below: shared, rule, confidence(of: part, drawnFrom: hosts, shared, rule))
    }

    private func confidence(
        of part: Int, drawnFrom hosts: [Int], _ shared: Int, _ rule: RepairRule
    ) -> Double {
        let isOfTrace = parts[part].isOfTrace && parts[part].above == nil
        if hosts.count == 1 { return isOfTrace ? Confidence.onlyInTrace : Confidence.only }
        if rule == .dispatch { return Confidence.draw }
        if isOfTrace { return Confidence.drawInTrace }
        return hosts.contains(shared) ? Confidence.drawWithShared : Confidence.draw
    }

    private mutating func placeByWeight(
        _ pairs: [(part: Int, host: Int, weight: Weight)], rule: RepairRule, none: Double
    ) {
        let sorted = pairs.sorted {
            ($1.weight.total, $0.part, $0.host) < ($0.weight.total, $1.part, $1.host)
        }
        var isTaken: Set<Int> = []
        for pair in sorted
        where pair.weight.total > none && !isTaken.contains(pair.host) && !isPlaced[pair.part] {
            isTaken.insert(pair.host)
            place(pair.part, below: pair.host, rule, Confidence.byWeight, withPlaceholder: true)
        }
    }

    mutating func explain(
        _ part: Int, _ weighed: [(host: Int, weight: Weight)], winner: Int?, lead: Double
    ) {
        guard let explaining, parts[part].tops.contains(explaining) else { return }
        explanation = weighed.map { host, weight in
            RepairedTree.Candidate(
                key: spans[host].key, weight: weight.total,
                evidence: weight.items.map { ($0.evidence.rawValue, $0.weight) },
                isChosen: host == winner, lead: lead)
        }
        .sorted { ($1.weight, $0.key) < ($0.weight, $1.key) }
    }
}
