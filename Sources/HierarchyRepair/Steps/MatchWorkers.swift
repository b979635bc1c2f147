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
        var pairs: [(part: Int, host: Int, weight: Weight)] = []
        var shared: [(part: Int, weighed: [(host: Int, weight: Weight)])] = []
        let candidates = units.map { (part: $0, hosts: dispatchers(of: $0)) }
            .filter { !$0.hosts.isEmpty }
        workers = workerProcesses(candidates.map(\.part))
        for (part, found) in candidates {
            let weighed = found.map { (host: $0, weight: weighDispatch($0, for: part)) }
            let best = weighed.max { $0.weight.total < $1.weight.total }
            if let best, (families[best.host] ?? 1) > 1 {
                pairs += weighed.filter { (families[$0.host] ?? 1) > 1 }
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
        return (cover.isContainer || cover.operation == .tool) && cover.kind != SpanKind.server
            && candidatesOfProcess(part).isEmpty
    }

    /// Steps beside each other with the same name but for numbers, and nothing below them.
    private func makeFamilies() -> [Int: Int] {
        struct Family: Hashable {
            var parent: Int
            var shape: UInt64
        }
        var members: [Family: [Int]] = [:]
        for index in spans.indices where mayDispatch(index) {
            let family = Family(
                parent: above(index) ?? -1 - (partOfTop[index] ?? -1), shape: spans[index].nameShape
            )
            members[family, default: []].append(index)
        }
        var size: [Int: Int] = [:]
        for group in members.values { for member in group { size[member] = group.count } }
        return size
    }

    /// A step of the program's own that started nothing in its own process.
    private func mayDispatch(_ span: Int) -> Bool {
        let step = spans[span]
        return (step.isContainer || step.operation == .tool) && step.kind <= 1
            && step.operation != .http && (ancestry.depth[span] > 0 || isOrphan(span))
            && ancestry.children(of: span).allSatisfy {
                spans[$0].relation(to: step) == .different
            }
    }

    private func isOrphan(_ span: Int) -> Bool {
        partOfTop[span].map { parts[$0].lost != nil } ?? false
    }

    /// A step that started nothing yet, or that has no like and may have started many.
    private func isDispatchLike(_ span: Int) -> Bool {
        mayDispatch(span) && (!isServed[span] || (families[span] ?? 1) == 1)
    }

    /// Processes that others started.
    private func workerProcesses(_ units: [Int]) -> Set<UInt32> {
        var workers = Set(units.map { parts[$0].cover.process })
        for part in parts.indices where parts[part].isRemote {
            workers.insert(parts[part].cover.process)
        }
        for (index, span) in spans.enumerated() where !workers.contains(span.process) {
            guard let above = above(index) else { continue }
            if spans[above].relation(to: span) == .different { workers.insert(span.process) }
        }
        workers.remove(0)
        return workers
    }

    /// Steps of other processes that may have started a part, at most 128.
    private func dispatchers(of part: Int) -> [Int] {
        let unit = cover(of: part)
        let isWanted = { (host: Int) in
            isOpen(host, to: part) && spans[host].operation != .model
                && !(isServed[host] && mayDispatch(host) && (families[host] ?? 1) > 1)
                && !isPeer(host, of: part)
                && spans[host].relation(to: unit) == .different
                && spans[host].end - spans[host].start >= (unit.end - unit.start) / 2
        }
        var found = containers.spans(
            enclosing: unit, of: spans, limit: candidatesWeighed, seeing: candidatesSeen
        ) { isWanted($0) }
        if found.isEmpty {
            // Clocks may be apart: whatever lasted longer and was open about that time.
            found = longestTops.filter { host in
                isWanted(host) && spans[host].end - spans[host].start >= unit.end - unit.start
                    && Self.apart(unit, spans[host]) < UInt64(ClockOffsets.limit)
            }
        }
        var steps: [Int] = []
        for host in found {
            let children = ancestry.children(of: host)
            let place = children.partitioningIndex { spans[$0].start > unit.start }
            let low = max(children.startIndex, place - candidatesSeen)
            for child in children[low..<min(children.endIndex, place + candidatesSeen)]
            where steps.count < 2 * candidatesWeighed && isDispatchLike(child)
                && isOpen(child, to: part)
                && spans[child].relation(to: unit) == .different
            {
                steps.append(child)
            }
        }
        let known = Set(found)
        return found + steps.filter { !known.contains($0) }
    }

    /// How far clocks would have to be apart for one span to hold another.
    static func apart(_ unit: RepairSpan, _ host: RepairSpan) -> UInt64 {
        let early = host.start - min(host.start, unit.start)
        let late = unit.end - min(unit.end, host.end)
        return max(early, late)
    }

    private mutating func weighDispatch(_ host: Int, for part: Int) -> Weight {
        let unit = cover(of: part)
        let span = spans[host]
        var weight = Weight(isTold: explaining.map { parts[part].tops.contains($0) } ?? false)
        var count = 0
        if !isCrowded {
            let shared = texts()
            count = shared.rareTexts(of: parts[part].top, and: host)
            for child in ancestry.children(of: parts[part].top).prefix(4) {
                count += shared.rareTexts(of: child, and: host)
            }
        }
        if count > 0 {
            let missing = Evidence.exponential(-0.693 * Double(count))
            weight.add(.sharedText, 4 * Evidence.sharedTextWeight * (1 - missing))
        }
        if unit.nameNumber != 0 && unit.nameNumber == span.nameNumber {
            weight.add(.sameNumber, Evidence.sameNumberWeight)
        }
        let length = unit.end - unit.start
        let room = span.end - span.start
        if room >= length {
            let gap = Self.apart(unit, span)
            weight.add(
                .clock,
                Evidence.clockWeight
                    * Evidence.logarithm(onePlus: Double(gap) / Evidence.clockScale))
            weight.add(
                .tightFit, (isDispatchLike(host) ? 1 : 0) + Evidence.fit((room - length) / 8))
        } else {
            let gap = unit.start - min(unit.start, span.end)
            let early = span.start - min(span.start, unit.start)
            weight.add(.finished, Evidence.finishedWeight + Evidence.fit(gap / 64))
            if early > 0 { weight.add(.beganLater, Evidence.beganLaterWeight) }
            if waitsForWorkers(host) { weight.add(.busy, -4) }
            weight.add(
                .clock,
                Evidence.clockWeight
                    * Evidence.logarithm(onePlus: Double(early) / Evidence.clockScale))
        }
        if !isDispatchLike(host) { weight.add(.heldDeeper, -1.5) }
        if workers.contains(span.process) && span.service == unit.service {
            weight.add(.likeLevel, -4)
        }
        return weight
    }

    /// Whether a step had a process of its own at work that ended before it.
    private func waitsForWorkers(_ host: Int) -> Bool {
        isServed[host]
            && ancestry.children(of: host).prefix(16).contains {
                spans[$0].relation(to: spans[host]) == .different
                    && spans[$0].end <= spans[host].end
            }
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
                min(0.9, Evidence.confidence(lead: lead)))
        } else {
            placeAtShared(
                part,
                sorted.filter { best.weight.total - $0.weight.total < Evidence.leadNeeded }
                    .map(\.host), .dispatch)
        }
    }
}
