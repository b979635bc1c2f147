import TestSupport
import HierarchyRepair
import OTLP
import Testing

@Suite("Laws of the repair, on random runs")
struct LawTests {
    static let seeds: [UInt64] = Array(1...150)

    private func repair(
        _ spans: [RepairSpan], absentPins: [SpanKey: RepairPin] = [:]
    ) -> RepairedTree {
        RepairedTree(
            repairing: spans, identity: StableHash("run"), absentPins: absentPins)
    }

    private func damaged(seed: UInt64) -> [RepairSpan] {
        var generator = SeededGenerator(seed: seed)
        let count = Int.random(in: 1...120, using: &generator)
        return RandomRuns.damaged(count: count, using: &generator)
    }

    /// What the tree says of each span, without regard to the input's order.
    private func summary(_ tree: RepairedTree, _ spans: [RepairSpan]) -> [String] {
        tree.nodes.map { node in
            let source = node.source.map { "\(spans[$0].key) \(spans[$0].contentHash)" } ?? "?"
            return "\(source) \(node.key) \(node.parentSpanID) \(node.sequence) "
                + "\(String(describing: node.repair)) \(String(describing: node.duplicateOf)) "
                + "\(node.start)-\(node.end)"
        }
    }

    @Test("No span is lost", arguments: seeds)
    func nothingLost(seed: UInt64) {
        let spans = damaged(seed: seed)
        let tree = repair(spans)
        let told = tree.nodes.compactMap(\.source) + tree.dropped
        #expect(told.sorted() == Array(spans.indices), "seed \(seed)")
    }

    @Test("The result is a forest, parents first, with ids of its own", arguments: seeds)
    func forest(seed: UInt64) {
        let tree = repair(damaged(seed: seed))
        for (place, node) in tree.nodes.enumerated() {
            #expect(node.sequence == place)
            guard let parent = node.parent else { continue }
            #expect(parent < place, "seed \(seed)")
            #expect(tree.nodes[parent].key.spanID == node.parentSpanID, "seed \(seed)")
        }
        #expect(Set(tree.nodes.map(\.key)).count == tree.nodes.count, "seed \(seed)")
        #expect(Set(tree.nodes.map(\.key.traceID)).count <= 1, "seed \(seed)")
        #expect(tree.nodes.allSatisfy { $0.key.spanID.isValid && $0.key.traceID.isValid })
    }

    @Test("The order of the input leaves no trace", arguments: seeds)
    func order(seed: UInt64) {
        let spans = damaged(seed: seed)
        let expected = summary(repair(spans), spans)
        var generator = SeededGenerator(seed: seed &+ 1_000)
        for _ in 0..<3 {
            let shuffled = spans.shuffled(using: &generator)
            #expect(summary(repair(shuffled), shuffled) == expected, "seed \(seed)")
        }
    }

    @Test("Nothing moves with less confidence than is asked for", arguments: seeds)
    func confidence(seed: UInt64) {
        let spans = damaged(seed: seed)
        for asked in [0, 0.35, 0.5, 0.95] {
            let tree = RepairedTree(
                repairing: spans, identity: StableHash("run"), minimumConfidence: asked)
            for node in tree.nodes where node.parent != nil && node.source != nil {
                guard let repair = node.repair, repair.rule != .lostParent else { continue }
                #expect((asked...1).contains(repair.confidence), "seed \(seed), \(asked)")
            }
        }
    }

    @Test("A healthy tree comes out unchanged", arguments: seeds)
    func healthy(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let count = Int.random(in: 1...200, using: &generator)
        let spans = RandomRuns.healthy(count: count, using: &generator)
        let tree = repair(spans)
        #expect(tree.nodes.count == spans.count)
        for node in tree.nodes {
            guard let source = node.source else {
                Issue.record("a placeholder, seed \(seed)")
                continue
            }
            #expect(node.key == spans[source].key, "seed \(seed)")
            #expect(node.parentSpanID == spans[source].parentSpanID, "seed \(seed)")
            #expect(node.repair == nil && node.duplicateOf == nil, "seed \(seed)")
        }
        #expect(tree.notes.isEmpty && tree.dropped.isEmpty && tree.renamed.isEmpty)
    }

    @Test("Of what was pinned nothing changes when the rest comes", arguments: seeds)
    func pins(seed: UInt64) {
        let spans = damaged(seed: seed).filter(\.key.spanID.isValid)
        var generator = SeededGenerator(seed: seed &+ 2_000)
        let early = spans.filter { _ in Bool.random(using: &generator) }
        let first = repair(early)
        var pins: [SpanKey: RepairPin] = [:]
        for node in first.nodes {
            let key = node.source.map { early[$0].key } ?? node.key
            pins[key] = RepairPin(
                traceID: node.key.traceID, parentSpanID: node.parentSpanID,
                sequence: node.sequence, duplicateOf: node.duplicateOf)
        }
        let all = spans.map { span in
            var pinned = span
            pinned.pin = pins[span.key]
            return pinned
        }
        let reported = Set(spans.map(\.key))
        let tree = repair(all, absentPins: pins.filter { !reported.contains($0.key) })
        var found = 0
        for node in tree.nodes {
            let key = node.source.map { all[$0].key } ?? node.key
            guard let pin = pins[key] else {
                #expect(node.sequence >= first.nodes.count, "seed \(seed)")
                continue
            }
            found += 1
            #expect(node.key.traceID == pin.traceID, "seed \(seed)")
            #expect(node.parentSpanID == pin.parentSpanID, "seed \(seed)")
            #expect(node.sequence == pin.sequence, "seed \(seed)")
            #expect(node.duplicateOf == pin.duplicateOf, "seed \(seed)")
        }
        #expect(found == pins.count, "seed \(seed)")
    }
}
