import OTLP

extension RepairForest {
    /// Hangs the roots of a run's separate traces below the spans that dispatched them.
    ///
    /// Context is lost where work moves to another thread or process, so each part comes as a trace
    /// of its own. Evidence, strongest first: a link; a client's call around a server's span; a
    /// span of the same process that was open around the root; a span of another process that was,
    /// or the step of it that started the root's process. Roots that nothing encloses stay roots.
    mutating func joinTraces() {
        let traces = Set(spans.lazy.map(\.key.traceID))
        guard traces.count > 1 else { return }
        var joining = TraceJoining(self)
        for burst in bursts() {
            var found: [(root: Int, host: TraceJoining.Host)] = []
            for root in burst {
                guard let host = joining.host(of: root) else { continue }
                found.append((root, host))
            }
            joining.settleAccidents(in: &found)
            for (root, host) in found {
                let refined = joining.dispatcher(of: root, in: host)
                guard refined.confidence >= 0.5, joining.join(root, below: refined.span) else {
                    continue
                }
                hang(
                    root, below: refined.span, rule: refined.rule, confidence: refined.confidence)
            }
        }
        for note in joining.notes { notes.add(note) }
    }

    /// The roots that may move, those that were started together in one group.
    ///
    /// Spans of one pool have the same service, name and operation, and overlap; workers that are
    /// processes of their own need not overlap, since starting a process takes long.
    private func bursts() -> [[Int]] {
        struct Shape: Hashable {
            var service: UInt32
            var name: UInt64
            var operation: OperationClass
        }
        var groups: [Shape: [Int]] = [:]
        for (index, span) in spans.enumerated() where parent[index] < 0 && !isFixed[index] {
            let shape = Shape(
                service: span.service, name: span.nameShape, operation: span.operation)
            groups[shape, default: []].append(index)
        }
        var bursts: [[Int]] = []
        for group in groups.values {
            var burst: [Int] = []
            var end: UInt64 = 0
            for root in group.sorted(by: isEarlier) {
                if let last = burst.last, spans[root].start > end,
                    spans[root].relation(to: spans[last]) != .different
                {
                    bursts.append(burst)
                    burst = []
                }
                burst.append(root)
                end = max(end, spans[root].end)
            }
            bursts.append(burst)
        }
        return bursts.sorted { isEarlier($0[0], $1[0]) }
    }
}
