/// Which spans call which, as far as the links of the run are whole.
struct UsualCallers {
    private struct Sign: Hashable {
        var scope: UInt32
        var operation: OperationClass

        init(_ span: RepairSpan) {
            scope = span.scope
            operation = span.operation
        }
    }

    private struct Pair: Hashable {
        var host: Sign
        var span: Sign
    }

    private var pairs: Set<Pair> = []
    private var called: Set<Sign> = []

    /// By host, how many of its children began before the one before them had ended.
    private var neighbours: [Sign: (all: Int, overlapping: Int)] = [:]

    init(_ forest: RepairForest, _ ancestry: Ancestry) {
        for (index, above) in forest.parent.enumerated()
        where above >= 0 && forest.repairs[index] == nil {
            let span = Sign(forest.spans[index])
            pairs.insert(Pair(host: Sign(forest.spans[above]), span: span))
            called.insert(span)
        }
        for host in forest.spans.indices {
            let children = ancestry.children(of: host)
            guard children.count > 1 else { continue }
            let sign = Sign(forest.spans[host])
            var known = neighbours[sign] ?? (0, 0)
            for (left, right) in zip(children, children.dropFirst()) {
                known.all += 1
                if forest.spans[right].start < forest.spans[left].end { known.overlapping += 1 }
            }
            neighbours[sign] = known
        }
    }

    /// How unlikely it is that a host does both of these at once: by what its like do elsewhere in
    /// the run, else by what they are.
    func clash(
        _ span: RepairSpan, with other: RepairSpan, below host: RepairSpan, isLost: Bool
    ) -> Double {
        let usual: Double
        switch (span.operation, other.operation) {
        case (.model, .tool), (.tool, .model): usual = Evidence.busyWeight
        case (.model, .model): usual = Evidence.busyTwiceModelWeight
        case (.model, .step), (.step, .model), (.step, .step):
            usual = Evidence.busyTwiceModelWeight
        case (_, .tool) where isLost, (_, .model) where isLost, (_, .step) where isLost:
            usual = Evidence.busyWeight
        default: usual = Evidence.busyAlikeWeight
        }
        guard let known = neighbours[Sign(host)], known.all >= 3 else { return usual }
        let share = Double(known.overlapping) / Double(known.all)
        if share == 0 { return min(usual, Evidence.busyWeight) }
        return share > 0.3 ? max(usual, Evidence.busyAlikeWeight) : usual
    }

    func weigh(_ span: RepairSpan, below host: RepairSpan, into weight: inout Weight) {
        guard span.scope != 0 else { return }
        if pairs.contains(Pair(host: Sign(host), span: Sign(span))) {
            weight.add(.usualCaller, Evidence.usualCallerWeight)
        } else if called.contains(Sign(span)) {
            weight.add(.unusualCaller, Evidence.unusualCallerWeight)
        }
    }
}
