/// Which spans call which, on which threads and what at the same time, as far as the links of the run
/// are whole.
struct UsualCallers {
    /// What a span is like.
    struct Sign: Hashable {
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

    /// Two things that a host did one after the other; nil stands for anything.
    private struct Neighbours: Hashable {
        var host: Sign
        var one: OperationClass?
        var other: OperationClass?

        init(_ host: Sign, _ one: OperationClass?, _ other: OperationClass?) {
            let isSorted = (one?.rawValue ?? .max) <= (other?.rawValue ?? .max)
            self.host = host
            self.one = isSorted ? one : other
            self.other = isSorted ? other : one
        }
    }

    /// How often something was seen, and how often it could have been.
    private struct Rate {
        var seen = 0
        var all = 0

        mutating func count(_ isSeen: Bool) {
            all += 1
            if isSeen { seen += 1 }
        }

        /// The logarithm of the rate, where it was `usual` as often as twice before.
        func weight(usual: Double) -> Double {
            Evidence.logarithm(
                of: (Double(seen) + 2 * Evidence.exponential(usual)) / Double(all + 2))
        }
    }

    private var callers: [Sign: [Sign: Int]] = [:]
    private var pairs: Set<Pair> = []
    /// How often neighbouring children overlapped.
    private var overlaps: [Neighbours: Rate] = [:]
    /// By host, how often children ran on another thread.
    private var otherThreads: [Sign: Rate] = [:]
    /// How many processes of which service a host has started.
    private var started: [Int: [UInt32: Int]] = [:]

    init(_ forest: RepairForest, _ ancestry: Ancestry) {
        let spans = forest.spans
        for (index, above) in forest.parent.enumerated()
        where above >= 0 && forest.repairs[index] == nil {
            let (host, span) = (Sign(spans[above]), Sign(spans[index]))
            pairs.insert(Pair(host: host, span: span))
            callers[span, default: [:]][host, default: 0] += 1
            if spans[index].relation(to: spans[above]) == .different {
                started[above, default: [:]][spans[index].service, default: 0] += 1
            } else if spans[index].thread != 0 && spans[above].thread != 0 {
                otherThreads[host, default: Rate()].count(
                    spans[index].thread != spans[above].thread)
            }
        }
        for host in spans.indices {
            let children = ancestry.children(of: host)
            guard children.count > 1 else { continue }
            let sign = Sign(spans[host])
            for (left, right) in zip(children, children.dropFirst()) {
                let (one, other) = (spans[left].operation, spans[right].operation)
                let isOverlapping = spans[right].start < spans[left].end
                overlaps[Neighbours(sign, one, other), default: Rate()].count(isOverlapping)
                overlaps[Neighbours(sign, one, nil), default: Rate()].count(isOverlapping)
                overlaps[Neighbours(sign, nil, other), default: Rate()].count(isOverlapping)
            }
        }
    }

    /// How unlikely it is that a host does both of these at once: by what its like do elsewhere in
    /// the run, and by what they are.
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
        let pair = Neighbours(Sign(host), isLost ? nil : span.operation, other.operation)
        return overlaps[pair]?.weight(usual: usual) ?? usual
    }

    /// How unlikely it is that a host has something on another thread than its own.
    func otherThread(below host: RepairSpan) -> Double {
        let usual = Evidence.otherThreadWeight
        return otherThreads[Sign(host)]?.weight(usual: usual) ?? usual
    }

    /// Spans that are known to have started processes.
    var starters: Dictionary<Int, [UInt32: Int]>.Keys { started.keys }

    /// How many processes of a service a span is known to have started.
    func started(by host: Int, service: UInt32) -> Int {
        service == 0 ? 0 : started[host]?[service] ?? 0
    }

    /// Whether a host like this one calls such spans elsewhere in the run.
    func isUsual(_ span: RepairSpan, below host: RepairSpan) -> Bool {
        span.scope != 0 && pairs.contains(Pair(host: Sign(host), span: Sign(span)))
    }

    /// What the lost parent of spans was like: whatever calls most of their like.
    func lostSign(above members: [RepairSpan]) -> Sign? {
        var counts: [Sign: Int] = [:]
        for member in Set(members.map(Sign.init)) {
            counts.merge(callers[member] ?? [:], uniquingKeysWith: +)
        }
        let best = counts.max { left, right in
            let (a, b) = (left.key, right.key)
            return (left.value, b.scope, b.operation.rawValue)
                < (right.value, a.scope, a.operation.rawValue)
        }
        return best?.key
    }

    /// - Parameter sign: what the span is like; of a lost one as far as is known.
    func weigh(_ sign: Sign?, below host: RepairSpan, into weight: inout Weight) {
        guard let sign, sign.scope != 0 else { return }
        if pairs.contains(Pair(host: Sign(host), span: sign)) {
            weight.add(.usualCaller, Evidence.usualCallerWeight)
        } else if callers[sign] != nil {
            weight.add(.unusualCaller, Evidence.unusualCallerWeight)
        }
    }
}
