import OTLP

/// Which steps may have started a process, and what speaks for each.
extension Placing {
    /// Steps beside each other with the same name but for numbers, and nothing below them.
    func makeFamilies() -> [Int] {
        struct Family: Hashable {
            var parent: Int
            var shape: UInt64
        }
        var numbers: [Family: Int] = [:]
        var number = [Int](repeating: -1, count: spans.count)
        var size: [Int] = []
        for index in spans.indices where mayDispatch(index) {
            let family = Family(
                parent: above(index) ?? -1 - (partOfTop[index] ?? -1), shape: spans[index].nameShape
            )
            if let known = numbers[family] {
                number[index] = known
                size[known] += 1
            } else {
                number[index] = size.count
                numbers[family] = size.count
                size.append(1)
            }
        }
        return number.map { $0 < 0 ? 1 : size[$0] }
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
    func isDispatchLike(_ span: Int) -> Bool {
        mayDispatch(span) && (!isServed[span] || families[span] == 1)
    }

    /// Processes that others started.
    func workerProcesses(_ units: [Int]) -> Set<UInt32> {
        var workers = Set(units.map { parts[$0].cover.process })
        for starter in callers.starters { workers.remove(spans[starter].process) }
        for part in parts.indices where parts[part].isRemote {
            workers.formUnion(parts[part].tops.map { spans[$0].process })
        }
        for (index, span) in spans.enumerated() where !workers.contains(span.process) {
            guard let above = above(index) else { continue }
            if spans[above].relation(to: span) == .different { workers.insert(span.process) }
        }
        workers.remove(0)
        return workers
    }

    /// Steps of other processes that may have started a part, at most a few hundred, and the times
    /// that they were found by.
    func dispatchers(of part: Int) -> (unit: RepairSpan, hosts: [Int]) {
        var unit = cover(of: part)
        let isWanted = { (host: Int) in
            isOpen(host, to: part) && spans[host].operation != .model
                && !(isServed[host] && mayDispatch(host) && families[host] > 1)
                && !isPeer(host, of: part)
                && spans[host].relation(to: unit) == .different
        }
        var found = enclosing(unit, where: isWanted)
        if found.isEmpty && parts[part].isOfManyProcesses {
            unit = longest(of: part)
            found = enclosing(unit, where: isWanted)
        }
        if found.isEmpty {
            // Clocks may be apart: whatever lasted longer and was open about that time.
            found = longestTops.filter { host in
                isWanted(host) && spans[host].end - spans[host].start >= unit.end - unit.start
                    && Self.apart(unit, spans[host]) < UInt64(ClockOffsets.limit)
            }
        }
        var steps = orphanedStarters.prefix(candidatesWeighed).filter {
            isDispatchLike($0) && isOpen($0, to: part)
                && spans[$0].relation(to: unit) == .different
        }
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
        let known = Set(steps.isEmpty ? [] : found)
        return (unit, found + steps.filter { !known.contains($0) })
    }

    private func enclosing(_ unit: RepairSpan, where isWanted: (Int) -> Bool) -> [Int] {
        containers.spans(
            enclosing: unit, of: spans, limit: candidatesWeighed, seeing: candidatesSeen,
            where: isWanted)
    }

    /// How far clocks would have to be apart for one span to hold another.
    static func apart(_ unit: RepairSpan, _ host: RepairSpan) -> UInt64 {
        let early = host.start - min(host.start, unit.start)
        let late = unit.end - min(unit.end, host.end)
        return max(early, late)
    }

    mutating func weighDispatch(_ host: Int, for part: Int, _ unit: RepairSpan) -> Weight {
        let span = spans[host]
        var weight = Weight(isTold: explaining.map { parts[part].tops.contains($0) } ?? false)
        let count = isCrowded ? 0 : rareTexts(of: part, and: host)
        if count > 0 {
            let missing = Evidence.exponential(-0.693 * Double(count))
            weight.add(.sharedText, 4 * Evidence.sharedTextWeight * (1 - missing))
        }
        if unit.nameNumber != 0 && unit.nameNumber == span.nameNumber {
            weight.add(.sameNumber, Evidence.sameNumberWeight)
        }
        weighLengths(host, unit, &weight)
        if !isDispatchLike(host) { weight.add(.heldDeeper, -1.5) }
        let started = callers.started(by: host, service: unit.service)
        if started > 0 {
            weight.add(.startedLike, Evidence.startedLikeWeight * (started > 1 ? 1 : 0.5))
        }
        if workers.contains(span.process) && span.service == unit.service {
            weight.add(.likeLevel, -4)
        }
        return weight
    }

    private mutating func rareTexts(of part: Int, and host: Int) -> Int {
        let shared = texts()
        return ancestry.children(of: parts[part].top).prefix(4).reduce(
            shared.rareTexts(of: parts[part].top, and: host)
        ) { $0 + shared.rareTexts(of: $1, and: host) }
    }

    /// A step that waits is longer than its worker; one that was over before started it and went on.
    private func weighLengths(_ host: Int, _ unit: RepairSpan, _ weight: inout Weight) {
        let span = spans[host]
        let length = unit.end - unit.start
        let room = span.end - span.start
        if waitsForWorkers(host) && unit.end > span.end { weight.add(.busy, -4) }
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
            weight.add(
                .clock,
                Evidence.clockWeight
                    * Evidence.logarithm(onePlus: Double(early) / Evidence.clockScale))
        }
    }

    /// Whether a step had a process of its own at work that ended before it.
    private func waitsForWorkers(_ host: Int) -> Bool {
        isServed[host]
            && ancestry.children(of: host).prefix(16).contains {
                spans[$0].relation(to: spans[host]) == .different
                    && spans[$0].end <= spans[host].end
            }
    }
}
