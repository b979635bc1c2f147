import OTLP

/// Which spans are weighed for a part at all.
extension Placing {
    var candidatesWeighed: Int {
        isCrowded
            ? RepairLimits.candidatesWeighedOfMany
            : min(RepairLimits.candidatesWeighed, RepairLimits.weightsOfRound / max(1, parts.count))
    }

    var candidatesSeen: Int {
        isCrowded ? RepairLimits.candidatesSeenOfMany : 4 * candidatesWeighed
    }

    /// The candidates of a part with their weights, which change only when a part is placed.
    mutating func weighedCandidates(of part: Int) -> Weighed {
        if let known = weighed[part], known.placementCount == placements.count { return known }
        let candidates = candidates(of: part)
        let isTold = explaining.map { parts[part].tops.contains($0) } ?? false
        let made = Weighed(
            placementCount: placements.count, candidates: candidates,
            weights: weigh(candidates, for: part, isTold: isTold))
        if !isCrowded { weighed[part] = made }
        return made
    }

    /// Spans that were open around a part, the latest-started first.
    private func candidates(of part: Int) -> [Int] {
        let own = candidatesOfProcess(part)
        if !own.isEmpty { return own }
        let cover = cover(of: part)
        return containers.spans(
            enclosing: cover, of: spans, limit: candidatesWeighed, seeing: candidatesSeen
        ) {
            isOpen($0, to: part) && !isPeer($0, of: part) && mayHold($0, cover)
                && spans[$0].operation != .model && spans[$0].operation != .tool
        }
    }

    /// Those of the part's own process; of any where it tells none.
    func candidatesOfProcess(_ part: Int) -> [Int] {
        let cover = cover(of: part)
        if parts[part].isRemote { return [] }
        let index = cover.process != 0 ? byProcess[cover.process] : containers
        guard let index else { return [] }
        return index.spans(
            enclosing: cover, of: spans, limit: candidatesWeighed, seeing: candidatesSeen
        ) {
            isOpen($0, to: part) && !isPeer($0, of: part) && mayHold($0, cover)
                && spans[$0].relation(to: cover) != .different && !isLeftBehind($0, by: part)
                && isDeeper($0, than: parts[part].above)
        }
    }

    /// Whether a span may lie below a host: by what they are, or since such spans do elsewhere.
    private func mayHold(_ host: Int, _ span: RepairSpan) -> Bool {
        spans[host].mayHold(span) || callers.isUsual(span, below: spans[host])
    }

    private func isDeeper(_ host: Int, than above: Int?) -> Bool {
        guard let above else { return true }
        return host == above
            || spans[host].operation != .model && spans[host].operation != .http
                && ancestry.isAncestor(above, orSelfOf: host)
    }

    /// Whether a span went on after all that it was part of: what is new then is not its doing. A
    /// worker goes on after the step that started it.
    private func isLeftBehind(_ host: Int, by part: Int) -> Bool {
        guard !parts[part].isOfTrace, let above = above(host),
            spans[above].relation(to: spans[host]) != .different
        else { return false }
        return spans[above].end < spans[parts[part].top].start
    }

    /// Whether a span belongs to another member of a root's own burst: workers of one pool run
    /// beside each other, never below.
    func isPeer(_ host: Int, of part: Int) -> Bool {
        guard !parts[part].isOfTrace else { return false }
        let top = spans[ancestry.root[host]]
        let span = parts[part].cover
        let isCall = span.operation == .tool || span.operation == .model
        guard !isCall || ancestry.root[host] == host else { return false }
        return top.nameShape == span.nameShape && top.operation == span.operation
            && top.service == span.service
    }
}
