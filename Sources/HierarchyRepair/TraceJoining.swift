import OTLP

/// Weighs which span of another trace a root was dispatched from.
struct TraceJoining {
    struct Host {
        var span: Int
        var rule: RepairRule
        var confidence: Double
    }

    private let spans: [RepairSpan]
    private let ancestry: Ancestry
    private var trees: DisjointTrees
    /// For each root that was joined, the span it hangs below.
    private var joined: [Int: Int] = [:]
    private let byProcess: [UInt32: EnclosureIndex]
    private let containers: EnclosureIndex
    private let calls: EnclosureIndex
    private let keys: [SpanKey: Int]
    private(set) var notes: [String] = []

    init(_ forest: RepairForest) {
        spans = forest.spans
        let ancestry = forest.ancestry()
        self.ancestry = ancestry
        trees = DisjointTrees(parent: forest.parent)
        var keys: [SpanKey: Int] = [:]
        var members: [Int] = []
        var callMembers: [Int] = []
        var processes: [UInt32: [Int]] = [:]
        for (index, span) in forest.spans.enumerated() {
            if forest.source[index] != nil { keys[span.key] = index }
            if span.kind == SpanKind.client && span.operation == .http {
                callMembers.append(index)
            }
            let isToolWithWork =
                span.operation == .tool && !ancestry.children(of: index).isEmpty
            guard span.isContainer || isToolWithWork else { continue }
            members.append(index)
            processes[span.process, default: []].append(index)
        }
        self.keys = keys
        containers = EnclosureIndex(members, of: forest.spans)
        calls = EnclosureIndex(callMembers, of: forest.spans)
        byProcess = processes.mapValues { EnclosureIndex($0, of: forest.spans) }
    }

    /// Joins the root's tree to the host's; false where they are one tree already.
    mutating func join(_ root: Int, below host: Int) -> Bool {
        guard trees.tree(of: root) != trees.tree(of: host) else { return false }
        trees.join(root, host)
        joined[root] = host
        return true
    }

    /// The span that best explains a root, or nil.
    mutating func host(of root: Int) -> Host? {
        if let linked = linkedHost(of: root) { return linked }
        if let call = callHost(of: root) { return call }
        let span = spans[root]
        if span.process != 0, let index = byProcess[span.process] {
            let hosts = candidates(of: root, in: index)
            if !hosts.isEmpty { return choose(among: hosts, for: root, rule: .enclosingSpan) }
        }
        let hosts = candidates(of: root, in: containers)
        guard let first = hosts.first else { return nil }
        let isOther = spans[first].relation(to: span) == .different
        return choose(
            among: hosts, for: root, rule: isOther ? .enclosingProcess : .enclosingSpan)
    }

    /// A link to one span of another trace that started earlier: messages carry links.
    private func linkedHost(of root: Int) -> Host? {
        guard let key = spans[root].linked, key.traceID != spans[root].key.traceID,
            let host = keys[key], spans[host].start <= spans[root].start,
            trees.tree(of: host) != trees.tree(of: root)
        else { return nil }
        return Host(span: host, rule: .linkedTrace, confidence: 0.8)
    }

    private func callHost(of root: Int) -> Host? {
        guard spans[root].kind == SpanKind.server else { return nil }
        let hosts = calls.spans(
            enclosing: spans[root], of: spans, limit: RepairLimits.candidatesWeighed
        ) { isOpen($0, to: root) && spans[$0].relation(to: spans[root]) == .different }
        guard hosts.count == 1 else { return nil }
        return Host(span: hosts[0], rule: .clientServer, confidence: 0.8)
    }

    private func candidates(of root: Int, in index: EnclosureIndex) -> [Int] {
        index.spans(
            enclosing: spans[root], of: spans, limit: RepairLimits.candidatesWeighed
        ) { isOpen($0, to: root) && !isPeer($0, of: root) }
    }

    private func isOpen(_ host: Int, to root: Int) -> Bool {
        spans[host].key.traceID != spans[root].key.traceID
            && trees.tree(of: host) != trees.tree(of: root)
    }

    /// Whether a span belongs to another member of the root's own burst: workers of one pool run
    /// beside each other, never below.
    private func isPeer(_ host: Int, of root: Int) -> Bool {
        let top = spans[ancestry.root[host]]
        let span = spans[root]
        return top.nameShape == span.nameShape && top.operation == span.operation
            && top.service == span.service
    }

    /// Whether a span's trace is one that lost its parent as the root did, on a like level.
    private func isLikeLevel(_ host: Int, of root: Int) -> Bool {
        let top = ancestry.root[host]
        return joined[top] != nil && spans[top].operation == spans[root].operation
    }

    /// The innermost candidate; where others that are not above it were open too, the nearest
    /// ancestor that they share.
    private mutating func choose(
        among candidates: [Int], for root: Int, rule: RepairRule
    ) -> Host? {
        let deeper = candidates.filter { !isLikeLevel($0, of: root) }
        let weighed = deeper.isEmpty ? candidates : deeper
        let onThread = weighed.filter {
            spans[root].thread != 0 && spans[$0].thread == spans[root].thread
        }
        if let first = onThread.first, isChain(onThread) {
            return Host(span: first, rule: rule, confidence: 0.8)
        }
        if isChain(weighed) {
            let isNamed = spans[weighed[0]].operation != .other
            let sure = rule == .enclosingProcess ? 0.7 : isNamed ? 0.85 : 0.75
            return Host(
                span: weighed[0], rule: rule,
                confidence: weighed.count < candidates.count ? 0.6 : sure)
        }
        var shared: Int? = weighed[0]
        for candidate in weighed.dropFirst() {
            shared = shared.flatMap { nearestCommonAncestor($0, candidate) }
        }
        guard let shared, !spans[shared].isLeafCall else {
            notes.append(
                "root \(spans[root].key): several spans were open around it, none of them above "
                    + "the others; it stays a root")
            return nil
        }
        return Host(span: shared, rule: rule, confidence: 0.5)
    }

    /// Whether each candidate is above the ones before it.
    private func isChain(_ candidates: [Int]) -> Bool {
        for (inner, outer) in zip(candidates, candidates.dropFirst()) {
            guard let shared = nearestCommonAncestor(inner, outer) else {
                if !spans[inner].isEnclosed(by: spans[outer]) { return false }
                continue
            }
            if shared != outer { return false }
        }
        return true
    }

    /// The nearest common ancestor, through traces that were joined.
    private func nearestCommonAncestor(_ left: Int, _ right: Int) -> Int? {
        var entries: [Int: Int] = [:]
        var node = left
        for _ in 0..<RepairLimits.traceHops {
            let top = ancestry.root[node]
            entries[top] = node
            guard let above = joined[top] else { break }
            node = above
        }
        node = right
        for _ in 0..<RepairLimits.traceHops {
            let top = ancestry.root[node]
            if let entry = entries[top] { return ancestry.nearestCommonAncestor(entry, node) }
            guard let above = joined[top] else { return nil }
            node = above
        }
        return nil
    }

    /// Lifts members of a burst that fell by accident into a short span, open beside them, to
    /// where the others of their burst belong.
    func settleAccidents(in found: inout [(root: Int, host: Host)]) {
        guard found.count > 1 else { return }
        var membership: [Int: Int] = [:]
        for (_, host) in found { membership[host.span, default: 0] += 1 }
        guard membership.count > 1 else { return }
        let common = membership.keys
            .filter { 2 * (membership[$0] ?? 0) >= found.count }
            .sorted()
        for place in found.indices {
            let host = found[place].host
            guard !common.contains(host.span), ancestry.children(of: host.span).isEmpty,
                let outer = common.first(where: { spans[host.span].isEnclosed(by: spans[$0]) })
            else { continue }
            found[place].host = Host(
                span: outer, rule: host.rule, confidence: min(host.confidence, 0.6))
        }
    }

    /// The step of the host that started the root's process, where the root is of another one.
    ///
    /// A dispatching step is often over before its processes have begun to work. It has nothing
    /// below it, since all that it started lost the context.
    func dispatcher(of root: Int, in host: Host) -> Host {
        guard host.rule == .enclosingProcess, host.confidence > 0.5 else { return host }
        let children = ancestry.children(of: host.span)
        var low = children.startIndex
        var high = children.endIndex
        while low < high {
            let middle = (low + high) / 2
            if spans[children[middle]].start <= spans[root].start {
                low = middle + 1
            } else {
                high = middle
            }
        }
        let steps = children[children.startIndex..<low].suffix(RepairLimits.candidatesWeighed)
            .reversed()
            .filter { isDispatching($0, for: root, in: host.span) }
        guard let latest = steps.first else { return host }
        let isStillOpen = spans[latest].end >= spans[root].start
        let sure = isStillOpen ? 0.7 : steps.count == 1 ? 0.6 : 0.5
        return Host(span: latest, rule: .dispatch, confidence: sure)
    }

    private func isDispatching(_ step: Int, for root: Int, in host: Int) -> Bool {
        let span = spans[step]
        guard span.isContainer, span.kind <= 1, span.operation != .http,
            span.relation(to: spans[host]) != .different,
            trees.tree(of: step) != trees.tree(of: root)
        else { return false }
        return span.end >= spans[root].start || ancestry.children(of: step).isEmpty
    }
}

extension RepairSpan {
    /// Calls of something else, below which nothing of the caller's own hangs.
    var isLeafCall: Bool { operation == .model || operation == .database }
}
