import OTLP

extension Placing {
    /// Gives the entry of each process that nothing of its own holds the step that started it.
    ///
    /// A step that started one worker is one of a family of alike steps, and each of them has one
    /// worker; they are solved together. A step that has no like may have started many.
    mutating func matchWorkers() {
        let units = open.filter { mayBeDispatched($0) }
        guard !units.isEmpty else { return }
        families = makeFamilies()
        orphanedStarters = callers.starters.filter { ancestry.depth[$0] == 0 }.sorted()
        var pairs: [(part: Int, host: Int, weight: Weight)] = []
        var shared: [(part: Int, weighed: [(host: Int, weight: Weight)])] = []
        let candidates = units.map { (part: $0, dispatchers: dispatchers(of: $0)) }
            .filter { !$0.dispatchers.hosts.isEmpty }
        workers = workerProcesses(candidates.map(\.part))
        for (part, found) in candidates {
            let weighed = found.hosts.map {
                (host: $0, weight: weighDispatch($0, for: part, found.unit))
            }
            let best = weighed.max { $0.weight.total < $1.weight.total }
            if let best, families[best.host] > 1 {
                pairs += weighed.filter { families[$0.host] > 1 }
                    .map { (part, $0.host, $0.weight) }
            } else {
                shared.append((part, weighed))
            }
        }
        settle(pairs, rule: .dispatch, none: -12)
        for (part, weighed) in shared { placeShared(part, weighed) }
    }

    private func mayBeDispatched(_ part: Int) -> Bool {
        let cover = parts[part].cover
        guard cover.process != 0 || cover.service != 0 else { return false }
        let mayBeEntry =
            cover.isContainer || cover.operation == .tool || parts[part].lost != nil
        return mayBeEntry && cover.kind != SpanKind.server && candidatesOfProcess(part).isEmpty
    }

    /// A step that has no like may have started many parts.
    private mutating func placeShared(
        _ part: Int, _ weighed: [(host: Int, weight: Weight)]
    ) {
        let sorted = weighed.sorted { ($1.weight.total, $0.host) < ($0.weight.total, $1.host) }
        guard let best = sorted.first,
            best.weight.total > (hasRoot(part) || !parts[part].isOfTrace ? -8 : 0.5)
        else { return }
        let unlike = sorted.dropFirst().first { $0.host != best.host }
        let lead = best.weight.total - (unlike?.weight.total ?? best.weight.total - 3)
        explain(part, sorted, winner: best.host, lead: lead)
        let isStep = isDispatchLike(best.host)
        if lead >= Evidence.leadNeeded || !isStep {
            place(
                part, below: best.host, isStep ? .dispatch : .enclosingProcess,
                Confidence.assigned(lead: lead))
        } else {
            placeAtShared(
                part,
                sorted.filter { best.weight.total - $0.weight.total < Evidence.leadNeeded }
                    .map(\.host), .dispatch)
        }
    }
}
