import OTLP

extension RepairForest {
    /// Moves model calls that hang too high below the agent or step that was open around them.
    ///
    /// Two libraries that do not share their context report one program: the framework's spans
    /// nest, the SDK's spans hang flat beside them. So only a call whose scope differs from the
    /// step's moves, only deeper along its own branch, and only where that pair of scopes is
    /// nowhere seen to share the context. Where no library tells its scope, they may differ; an
    /// agent is then what calls models.
    mutating func nestModelCalls(_ minimumConfidence: Double) -> [RepairedTree.Candidate] {
        let calls = flatCalls()
        guard !calls.isEmpty else { return [] }
        let above = calls.map { parent[$0] }
        let reported = calls.map { repairs[$0] }
        for call in calls { parent[call] = -1 }
        let parts = calls.enumerated().map { place, call in
            LoosePart(tops: [call], cover: spans[call], above: above[place], isOfTrace: true)
        }
        var placing = Placing(self, parts: parts)
        placing.fitIntoSteps()
        for (place, call) in calls.enumerated() {
            parent[call] = above[place]
            repairs[call] = reported[place]
        }
        for placement in placing.placements {
            let call = calls[placement.part]
            guard let host = placement.host, host != parent[call],
                placement.confidence >= 0.5
            else { continue }
            let isTold = spans[host].scope != 0 || spans[call].scope != 0
            guard isTold || mayBeOfOtherLibrary(host, than: call) else { continue }
            let confidence =
                isTold ? placement.confidence : min(placement.confidence, Confidence.untoldScope)
            guard confidence >= minimumConfidence else { continue }
            hang(call, below: host, rule: .enclosingStep, confidence: confidence)
        }
        for note in placing.notes.notes { notes.add(note) }
        return placing.explanation
    }

    /// Calls of another library than the steps that were open around them, which hang higher up.
    private func flatCalls() -> [Int] {
        let isMovable = spans.indices.map {
            spans[$0].operation == .model && parent[$0] >= 0 && !isFixed[$0]
                && !spans[parent[$0]].operation.isLeafOperation
                && isAsReported($0)
        }
        guard isMovable.contains(true) else { return [] }
        let ancestry = ancestry()
        let hasHostBelow = spansWithHostBelow(ancestry)
        let sharing = scopesThatShareContext(ancestry)
        var members: [Place: [Int]] = [:]
        for (index, span) in spans.enumerated() where span.operation.isHostOfModelCalls {
            members[Place(of: span), default: []].append(index)
        }
        let indices = members.mapValues { EnclosureIndex($0, of: spans) }
        return ancestry.order.filter { call in
            guard isMovable[call], !hasHostBelow[call], let index = indices[Place(of: spans[call])]
            else { return false }
            let hosts = index.spans(enclosing: spans[call], of: spans, limit: 1) { host in
                host != parent[call] && ancestry.isAncestor(parent[call], orSelfOf: host)
                    && mayBeOfOtherLibrary(host, than: call)
                    && !sharing.contains(
                        ScopePair(host: spans[host].scope, call: spans[call].scope))
            }
            return !hosts.isEmpty
        }
    }

    private func mayBeOfOtherLibrary(_ host: Int, than call: Int) -> Bool {
        spans[host].scope != spans[call].scope
            || spans[host].scope == 0 && spans[host].operation == .agent
    }

    private func isAsReported(_ call: Int) -> Bool {
        spans[call].parentSpanID == spans[parent[call]].key.spanID
    }

    private struct Place: Hashable {
        var trace: TraceID
        var process: UInt32

        init(of span: RepairSpan) {
            trace = span.key.traceID
            process = span.process
        }
    }

    private struct ScopePair: Hashable {
        var host: UInt32
        var call: UInt32
    }

    /// Such a span stays where it is, so that no two moves can make a cycle.
    private func spansWithHostBelow(_ ancestry: Ancestry) -> [Bool] {
        var hasHost = spans.map(\.operation.isHostOfModelCalls)
        for node in ancestry.order.reversed() where hasHost[node] && parent[node] >= 0 {
            hasHost[parent[node]] = true
        }
        return hasHost
    }

    /// Pairs of scopes where a model call of the one lies below an inner step of the other.
    private func scopesThatShareContext(_ ancestry: Ancestry) -> Set<ScopePair> {
        var pairs: Set<ScopePair> = []
        for (index, above) in parent.enumerated()
        where above >= 0 && spans[index].operation == .model && ancestry.depth[above] > 0
            && spans[above].operation.isHostOfModelCalls
            && repairs[index] == nil
        {
            pairs.insert(ScopePair(host: spans[above].scope, call: spans[index].scope))
        }
        return pairs
    }
}

extension OperationClass {
    var isHostOfModelCalls: Bool { self == .agent || self == .workflow || self == .step }
    var isLeafOperation: Bool { self == .model || self == .database || self == .tool }
}
