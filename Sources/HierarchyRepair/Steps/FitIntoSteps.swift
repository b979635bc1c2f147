import OTLP

extension Placing {
    /// Hangs the loose parts that are left below the spans that were open around them.
    ///
    /// Those that may overlap below one host are placed together. The clear ones come first: what they
    /// do then tells what their hosts cannot have done at the same time, and how tightly the next one
    /// fits beside it.
    mutating func fitIntoSteps() {
        let rounds: [Double] =
            isCrowded
            ? [Evidence.leadNeeded] : [4, 2, 1.2, Evidence.leadNeeded, Evidence.leadNeeded]
        for (round, lead) in rounds.enumerated() {
            let isLast = round == rounds.count - 1
            let undecided = placeTogether(leadNeeded: lead)
            for part in open where isLast || !undecided.contains(part) {
                fit(part, leadNeeded: lead, isLast: isLast)
            }
        }
        noteWhatWasNotSolved()
    }

    private mutating func fit(_ part: Int, leadNeeded: Double, isLast: Bool) {
        let weighed = weighedCandidates(of: part)
        let (candidates, weights) = (weighed.candidates, weighed.weights)
        guard !candidates.isEmpty else {
            if isLast { leave(part) }
            return
        }
        let ranked = candidates.indices.sorted { left, right in
            weights[left].total == weights[right].total
                ? left < right : weights[left].total > weights[right].total
        }
        let best = ranked[0]
        let none = weightOfNone(part)
        let second = ranked.count > 1 ? weights[ranked[1]].total : none
        let lead = weights[best].total - max(none, second)
        explain(
            part, candidates.indices.map { (candidates[$0], weights[$0]) },
            winner: candidates[best], lead: lead)
        if lead >= leadNeeded {
            let isFar = spans[candidates[best]].relation(to: parts[part].cover) == .different
            place(
                part, below: candidates[best], rule(part, candidates[best]),
                isFar ? Confidence.otherProcess : Confidence.weighed(lead: lead))
        } else if isLast {
            guard weights[best].total >= none else { return leave(part) }
            let near = ranked.filter {
                weights[best].total - weights[$0].total < Evidence.leadNeeded
            }
            placeAtShared(part, near.map { candidates[$0] }, rule(part, candidates[best]))
            if !isPlaced[part] { leave(part) }
        }
    }

    /// What it weighs to stay a root.
    func weightOfNone(_ part: Int) -> Double {
        guard parts[part].lost != nil else { return -6 }
        return hasRoot(part) ? -9 : -1.2
    }

    /// Whether the root of the part's trace has come.
    func hasRoot(_ part: Int) -> Bool { rootOfTrace[parts[part].cover.key.traceID] != nil }

    /// Whatever has the trace id came from the trace's root, if from nothing that is nearer.
    private mutating func leave(_ part: Int) {
        if parts[part].isOfTrace, parts[part].above == nil,
            let root = rootOfTrace[parts[part].cover.key.traceID],
            root >= 0, isOpen(root, to: part)
        {
            return place(part, below: root, .lostParent, Confidence.traceRoot)
        }
        place(part, below: nil, .lostParent, Confidence.root)
    }

    func rule(_ part: Int, _ host: Int) -> RepairRule {
        if parts[part].lost != nil { return .lostParent }
        if parts[part].above != nil { return .enclosingStep }
        if let cut = cutRules[parts[part].top] { return cut }
        return spans[host].relation(to: parts[part].cover) == .different
            ? .enclosingProcess : .enclosingSpan
    }
}
