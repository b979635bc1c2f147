public import Mending
public import OTLP

/// How links came out, kind by kind.
public struct Score: Sendable {
    public struct Tally: Sendable {
        public var right = 0
        /// Placed below a true ancestor, though not the nearest.
        public var near = 0
        public var all = 0
        /// Links that a repair changed, and those of them that are right.
        public var moved = 0
        public var movedRight = 0

        public var recall: Double { all == 0 ? 1 : Double(right) / Double(all) }
        public var precision: Double { moved == 0 ? 1 : Double(movedRight) / Double(moved) }

        mutating func add(_ other: Tally) {
            right += other.right
            near += other.near
            all += other.all
            moved += other.moved
            movedRight += other.movedRight
        }
    }

    public var decided: [DamageKind: Tally] = [:]
    public var undecided: [DamageKind: Tally] = [:]
    public var undamaged = Tally()
    public var twins = Tally()
    /// Moves by confidence, in steps of a twentieth: decided or not.
    public var calibration = [Tally](repeating: Tally(), count: 21)
    /// Links that came out wrong, for a look.
    public var faults: [Fault] = []

    public struct Fault: Sendable {
        /// The damage of the link; nil where it had none.
        public var damage: DamageKind?
        /// The damage of the case.
        public var test: DamageKind
        public var program: String
        public var seed: UInt64
        public var span: SpanKey
        public var expected: SpanKey?
        public var found: SpanKey?
        public var rule: String
        public var confidence: Double
    }

    public init() {}

    public mutating func add(_ other: Score) {
        decided.merge(other.decided) { a, b in
            var c = a; c.add(b); return c
        }
        undecided.merge(other.undecided) { a, b in
            var c = a; c.add(b); return c
        }
        undamaged.add(other.undamaged)
        twins.add(other.twins)
        for place in calibration.indices { calibration[place].add(other.calibration[place]) }
        faults += other.faults
    }

    public mutating func add(_ run: MendedRun, of test: RepairCase) {
        var places: [SpanID: Int] = [:]
        for (place, span) in run.batch.spans.enumerated() { places[span.spanID] = place }
        var groups: [Int: Set<SpanID>] = [:]
        for (span, told) in zip(run.batch.spans, run.spans) {
            if let group = test.truths[told.reported]?.lostGroup {
                groups[group, default: []].insert(span.parentSpanID)
            }
        }
        var seen: [SpanKey: Int] = [:]
        for (span, told) in zip(run.batch.spans, run.spans) where !told.isPlaceholder {
            guard let truth = test.truths[told.reported] else { continue }
            seen[told.reported, default: 0] += 1
            let found = reportedParent(of: span, in: run, places)
            var isRight = found == truth.parent
            if let group = truth.lostGroup, (groups[group]?.count ?? 0) > 1 { isRight = false }
            add(isRight, found, told, truth, test)
        }
        addCopies(seen, run, test)
        addTwins(run, test)
    }

    /// The nearest ancestor that is no placeholder, by its reported key.
    private func reportedParent(
        of span: SpanRecord, in run: MendedRun, _ places: [SpanID: Int]
    ) -> SpanKey? {
        var parent = span.parentSpanID
        while let place = places[parent] {
            if !run.spans[place].isPlaceholder { return run.spans[place].reported }
            parent = run.batch.spans[place].parentSpanID
        }
        return nil
    }

    private mutating func add(
        _ isRight: Bool, _ found: SpanKey?, _ told: MendedSpan, _ truth: RepairCase.Truth,
        _ test: RepairCase
    ) {
        var tally = Tally()
        tally.all = 1
        tally.right = isRight ? 1 : 0
        let isNear = found.map { truth.ancestors.contains($0) } ?? true
        tally.near = isNear ? 1 : 0
        if let repair = told.repair {
            tally.moved = 1
            tally.movedRight = isRight ? 1 : 0
            let step = max(0, min(20, Int((repair.confidence * 20 + 1e-9).rounded(.down))))
            calibration[step].add(tally)
        }
        if let damage = truth.damage {
            if truth.isDecided {
                decided[damage, default: Tally()].add(tally)
            } else {
                undecided[damage, default: Tally()].add(tally)
            }
        } else {
            undamaged.add(tally)
        }
        if !isRight && (truth.isDecided || !isNear) {
            faults.append(
                Fault(
                    damage: truth.damage, test: test.damage, program: test.program, seed: test.seed,
                    span: told.reported, expected: truth.parent, found: found,
                    rule: told.repair?.rule ?? "-", confidence: told.repair?.confidence ?? 0))
        }
    }

    private mutating func addCopies(
        _ seen: [SpanKey: Int], _ run: MendedRun, _ test: RepairCase
    ) {
        for (span, told) in zip(run.batch.spans, run.spans) where !told.isPlaceholder {
            guard let truth = test.truths[told.reported], truth.copies > 1 else { continue }
            let kept = run.batch.keyValues(span.attributes)
                .filter { !$0.key.hasPrefix("tracemend.") }.count
            var tally = Tally()
            tally.all = 1
            tally.right = seen[told.reported] == 1 && kept >= truth.attributes ? 1 : 0
            tally.near = tally.right
            decided[.duplicates, default: Tally()].add(tally)
        }
    }

    /// Of the spans of one call exactly one counts; spans of different calls all do.
    private mutating func addTwins(_ run: MendedRun, _ test: RepairCase) {
        var counted: [Int: Int] = [:]
        for told in run.spans {
            guard let call = test.truths[told.reported]?.call else { continue }
            counted[call, default: 0] += told.duplicateOf == nil ? 1 : 0
        }
        for count in counted.values {
            twins.all += 1
            twins.right += count == 1 ? 1 : 0
        }
    }
}
