import OTLP

/// Orphans that name the same lost parent.
private struct LostParent {
    var key: SpanKey
    var orphans: [Int]
    /// Covers the orphans' times.
    var cover: RepairSpan
    /// Every orphan says that the parent was in another process.
    var isRemote: Bool
}

/// The surviving span that a lost parent was below.
private struct Anchor {
    var host: Int
    var confidence: Double
    var isOtherProcess: Bool
}

extension RepairForest {
    /// Gives orphans a parent inside their trace.
    ///
    /// Spans that share a lost parent share a placeholder, since they were siblings. A single one
    /// hangs below the nearest span of its process that was open around it. Entry spans, whose
    /// parent is in another process, are no loss: without evidence they stay as they came.
    mutating func adoptOrphans() {
        guard !orphans.isEmpty else { return }
        let ancestry = ancestry()
        var trees = DisjointTrees(parent: parent)
        let served = callsWithServer()
        var hosts: [TraceID: [Int]] = [:]
        let affected = Set(orphans.map { spans[$0].key.traceID })
        for (index, span) in spans.enumerated()
        where source[index] != nil && affected.contains(span.key.traceID) {
            hosts[span.key.traceID, default: []].append(index)
        }
        var indices: [TraceID: EnclosureIndex] = [:]
        var claimed: Set<Int> = []
        for lost in lostParents() {
            if let known = placeholders[placeholderID(of: lost.key)] {
                adopt(lost, belowKnown: known, &trees)
                continue
            }
            let trace = lost.key.traceID
            let index = indices[trace] ?? EnclosureIndex(hosts[trace] ?? [], of: spans)
            indices[trace] = index
            let own = Set(lost.orphans.map { trees.tree(of: $0) })
            let free = { (host: Int) in !own.contains(trees.tree(of: host)) }
            let anchor =
                client(of: lost, in: index, ancestry) {
                    free($0) && !served[$0] && !claimed.contains($0)
                } ?? container(of: lost, in: index, ancestry, where: free)
            if let anchor, anchor.isOtherProcess { claimed.insert(anchor.host) }
            adopt(lost, below: anchor)
            for orphan in lost.orphans.dropFirst() { trees.join(orphan, lost.orphans[0]) }
            if let anchor { trees.join(lost.orphans[0], anchor.host) }
        }
        orphans = []
    }

    private mutating func adopt(
        _ lost: LostParent, belowKnown placeholder: Int, _ trees: inout DisjointTrees
    ) {
        for orphan in lost.orphans where trees.tree(of: orphan) != trees.tree(of: placeholder) {
            trees.join(orphan, placeholder)
            hang(orphan, below: placeholder, rule: .lostParent, confidence: 1)
        }
    }

    private mutating func adopt(_ lost: LostParent, below anchor: Anchor?) {
        if lost.isRemote && anchor == nil { return }
        if lost.orphans.count == 1, let anchor, !anchor.isOtherProcess {
            hang(
                lost.orphans[0], below: anchor.host, rule: .lostParent,
                confidence: anchor.confidence)
            return
        }
        var placeholder = lost.cover
        placeholder.key = SpanKey(
            traceID: lost.key.traceID, spanID: placeholderID(of: lost.key))
        placeholder.pin = nil
        let index = addPlaceholder(placeholder)
        for orphan in lost.orphans {
            hang(orphan, below: index, rule: .lostParent, confidence: 0.9)
        }
        guard let anchor else { return }
        hang(index, below: anchor.host, rule: .lostParent, confidence: anchor.confidence)
    }

    /// The lost parents in the order in which their first orphan started.
    private func lostParents() -> [LostParent] {
        var groups: [SpanKey: [Int]] = [:]
        for orphan in orphans { groups[lostKey(of: orphan), default: []].append(orphan) }
        return groups.map { key, members in
            let members = members.sorted(by: isEarlier)
            var cover = spans[members[0]]
            for member in members { cover.end = max(cover.end, spans[member].end) }
            cover.operation = .other
            cover.kind = 1
            cover.flags = 0
            cover.linked = nil
            cover.responseID = 0
            cover.hasUsage = false
            cover.nameShape = 0
            cover.thread = 0
            return LostParent(
                key: key, orphans: members, cover: cover,
                isRemote: members.allSatisfy { spans[$0].isEntry })
        }
        .sorted { a, b in (a.cover.start, a.key) < (b.cover.start, b.key) }
    }

    /// The calls below which another process works already.
    private func callsWithServer() -> [Bool] {
        var served = [Bool](repeating: false, count: spans.count)
        for (index, above) in parent.enumerated()
        where above >= 0 && spans[index].relation(to: spans[above]) == .different {
            served[above] = true
        }
        return served
    }

    /// The innermost span of the orphans' process that was open around all of them.
    private func container(
        of lost: LostParent, in index: EnclosureIndex, _ ancestry: Ancestry,
        where isFree: (Int) -> Bool
    ) -> Anchor? {
        let candidates = index.spans(
            enclosing: lost.cover, of: spans, limit: RepairLimits.candidatesWeighed
        ) { host in
            let relation = lost.cover.relation(to: spans[host])
            return spans[host].isContainer && isFree(host)
                && (lost.isRemote ? relation == .different : relation != .different)
        }
        guard let nearest = candidates.first else { return nil }
        if candidates.allSatisfy({ ancestry.isAncestor($0, orSelfOf: nearest) }) {
            return Anchor(host: nearest, confidence: 0.7, isOtherProcess: lost.isRemote)
        }
        var shared: Int? = nearest
        for candidate in candidates {
            shared = shared.flatMap { ancestry.nearestCommonAncestor($0, candidate) }
        }
        return shared.map { Anchor(host: $0, confidence: 0.5, isOtherProcess: lost.isRemote) }
    }

    /// The call of another process during which the orphans' process began to work.
    ///
    /// A server may go on after its client has what it asked for, so only the start must lie
    /// inside the call. A call that has its server already is not looked at.
    private func client(
        of lost: LostParent, in index: EnclosureIndex, _ ancestry: Ancestry,
        where isFree: (Int) -> Bool
    ) -> Anchor? {
        var moment = lost.cover
        moment.end = moment.start
        let calls = index.spans(
            enclosing: moment, of: spans, limit: RepairLimits.candidatesWeighed
        ) { host in
            spans[host].kind == SpanKind.client && spans[host].operation != .model
                && spans[host].operation != .database && isFree(host)
                && spans[host].relation(to: lost.cover) == .different
        }
        guard let call = calls.first else { return nil }
        let isWhole = spans[call].end >= lost.cover.end
        if calls.count == 1 {
            return Anchor(host: call, confidence: isWhole ? 0.9 : 0.7, isOtherProcess: true)
        }
        let others = calls.dropFirst()
        if isWhole && others.allSatisfy({ spans[$0].end < lost.cover.end }) {
            return Anchor(host: call, confidence: 0.6, isOtherProcess: true)
        }
        var shared: Int? = call
        for other in others {
            shared = shared.flatMap { ancestry.nearestCommonAncestor($0, other) }
        }
        return shared.map { Anchor(host: $0, confidence: 0.5, isOtherProcess: false) }
    }
}

extension RepairSpan {
    /// Whether spans that lost their parent may lie below: agents, steps, and what a program does
    /// itself; never a call of something else.
    var isContainer: Bool {
        switch operation {
        case .agent, .workflow, .step: true
        case .other, .http: kind != SpanKind.client && kind != SpanKind.producer
        case .messaging: kind == SpanKind.consumer
        case .model, .tool, .database: false
        }
    }
}
