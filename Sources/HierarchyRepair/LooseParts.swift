import OTLP

/// A part of the run that hangs on nothing: a root, or orphans of one lost parent.
struct LoosePart {
    /// The topmost spans, the first-started first: one, or the orphans of one lost parent.
    var tops: [Int]
    /// Their times and what they have in common.
    var cover: RepairSpan
    /// The parent that they name.
    var lost: SpanKey?
    /// All say that their parent is in another process.
    var isRemote = false
    /// The tops are in several processes, whose clocks need not agree.
    var isOfManyProcesses = false
    /// The reported parent of a call that may only be moved deeper below it; nil for all others.
    var above: Int?
    /// It must be placed inside its trace: the reported parent was there.
    var isOfTrace: Bool

    var top: Int { tops[0] }
}

extension RepairForest {
    /// The loose parts, the first-started first.
    func looseParts() -> [LoosePart] {
        var parts = lostParts()
        let isOrphan = Set(orphans)
        let traces = Set(spans.lazy.map(\.key.traceID))
        for index in spans.indices
        where parent[index] < 0 && !isFixed[index] && source[index] != nil
            && !isOrphan.contains(index)
        {
            let isCut = cutTops[index] != nil
            guard isCut || traces.count > 1 else { continue }
            guard isCut || !danglingParent[index].isValid else { continue }
            parts.append(LoosePart(tops: [index], cover: spans[index], isOfTrace: isCut))
        }
        let order = parts.indices.sorted { isEarlier(parts[$0].top, parts[$1].top) }
        return order.map { parts[$0] }
    }

    private func lostParts() -> [LoosePart] {
        var groups: [SpanKey: Int] = [:]
        var keys: [SpanKey] = []
        var membersOf: [[Int]] = []
        for orphan in orphans {
            let key = lostKey(of: orphan)
            if let group = groups[key] {
                membersOf[group].append(orphan)
            } else {
                groups[key] = keys.count
                keys.append(key)
                membersOf.append([orphan])
            }
        }
        return zip(keys, membersOf).map { key, members in
            let members = members.count == 1 ? members : members.sorted(by: isEarlier)
            var cover = spans[members[0]]
            for member in members { cover.end = max(cover.end, spans[member].end) }
            if members.count > 1 {
                let operations = Set(members.map { spans[$0].operation })
                if operations.count > 1 { cover.operation = .other }
                if Set(members.map { spans[$0].thread }).count > 1 { cover.thread = 0 }
                cover.kind = 1
                cover.scope = 0
                cover.request = RequestFacts()
                cover.nameShape = 0
                cover.nameNumber = 0
            }
            return LoosePart(
                tops: members, cover: cover, lost: key,
                isRemote: members.allSatisfy { spans[$0].isEntry },
                isOfManyProcesses: members.contains { spans[$0].process != cover.process },
                isOfTrace: true)
        }
    }

    /// Hangs a loose part below a span; orphans that came together get a placeholder.
    mutating func hang(
        _ part: LoosePart, below host: Int?, rule: RepairRule, confidence: Double,
        withPlaceholder: Bool = false
    ) {
        guard let lost = part.lost else {
            if let host { hang(part.top, below: host, rule: rule, confidence: confidence) }
            return
        }
        if part.isRemote && host == nil { return }
        if part.tops.count == 1, let host, !withPlaceholder {
            hang(part.top, below: host, rule: rule, confidence: confidence)
            return
        }
        var placeholder = part.cover
        placeholder.key = SpanKey(traceID: lost.traceID, spanID: placeholderID(of: lost))
        placeholder.operation = .other
        placeholder.kind = 1
        placeholder.flags = 0
        placeholder.linked = nil
        placeholder.responseID = 0
        placeholder.usage = 0
        placeholder.hasUsage = false
        placeholder.nameShape = 0
        placeholder.nameNumber = 0
        placeholder.thread = 0
        placeholder.pin = nil
        let index = addPlaceholder(placeholder)
        let certainty = host == nil ? Confidence.root : confidence
        for top in part.tops { hang(top, below: index, rule: .lostParent, confidence: certainty) }
        if let host { hang(index, below: host, rule: rule, confidence: confidence) }
    }
}
