import OTLP

extension RepairForest {
    /// Moves model calls that hang too high below the agent or step that was open around them.
    ///
    /// Two libraries that do not share their context report one program: the framework's spans
    /// nest, the SDK's spans hang flat beside them. So only a call whose scope differs from the
    /// step's moves, only deeper along its own branch, and only where that pair of scopes is
    /// nowhere seen to share the context.
    mutating func nestModelCalls() {
        let isMovable = spans.indices.map {
            spans[$0].operation == .model && parent[$0] >= 0 && !isFixed[$0]
        }
        guard isMovable.contains(true) else { return }
        let ancestry = ancestry()
        let hasHostBelow = spansWithHostBelow(ancestry)
        let sharing = scopesThatShareContext(ancestry)
        var members: [Place: [Int]] = [:]
        for (index, span) in spans.enumerated() where span.operation.isHostOfModelCalls {
            members[Place(of: span), default: []].append(index)
        }
        let indices = members.mapValues { EnclosureIndex($0, of: spans) }
        var moves: [(call: Int, host: Int)] = []
        for call in ancestry.order where isMovable[call] && !hasHostBelow[call] {
            guard let index = indices[Place(of: spans[call])] else { continue }
            let above = parent[call]
            let hosts = index.spans(
                enclosing: spans[call], of: spans, limit: RepairLimits.candidatesWeighed
            ) { isOnThread(of: call, $0) && !ancestry.isAncestor($0, orSelfOf: call) }
            guard let host = hosts.first, ancestry.isAncestor(above, orSelfOf: host),
                !spans[above].operation.isLeafOperation,
                spans[host].scope != spans[call].scope,
                !sharing.contains(ScopePair(host: spans[host].scope, call: spans[call].scope)),
                hosts.allSatisfy({ ancestry.isAncestor($0, orSelfOf: host) })
            else { continue }
            moves.append((call, host))
        }
        for (call, host) in moves {
            let isSameThread = spans[call].thread != 0
            hang(call, below: host, rule: .enclosingStep, confidence: isSameThread ? 0.85 : 0.7)
        }
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

    private func isOnThread(of call: Int, _ host: Int) -> Bool {
        let (a, b) = (spans[call].thread, spans[host].thread)
        return a == 0 || b == 0 || a == b
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
