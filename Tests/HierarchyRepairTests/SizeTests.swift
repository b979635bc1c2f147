import HierarchyRepair
import OTLP
import Testing

@Suite("Large runs neither overflow nor crawl", .serialized)
struct SizeTests {
    static let count = 100_000

    private func span(_ place: Int, start: UInt64, end: UInt64) -> RepairSpan {
        var span = RepairSpan(
            key: SpanKey(
                traceID: TraceID(high: 1, low: 1), spanID: SpanID(word: UInt64(place) + 1)))
        span.start = start
        span.end = end
        span.flags = 0x100
        span.process = 1
        span.service = 1
        return span
    }

    /// Each shape makes a quadratic step take minutes.
    private func expectQuick(_ spans: [RepairSpan]) -> RepairedTree? {
        var tree: RepairedTree?
        let elapsed = ContinuousClock().measure {
            tree = RepairedTree(repairing: spans, identity: StableHash("run"))
        }
        #expect(elapsed < .seconds(60), "\(elapsed)")
        return tree
    }

    @Test("A chain of 100,000 spans")
    func chain() {
        let count = UInt64(Self.count)
        let spans = (0..<Self.count).map { place in
            var span = span(place, start: UInt64(place), end: 2 * count - UInt64(place))
            span.parentSpanID = SpanID(word: UInt64(place))
            return span
        }
        #expect(expectQuick(spans)?.nodes.map(\.sequence) == Array(0..<Self.count))
    }

    @Test("A star of 100,000 spans")
    func star() {
        let spans = (0..<Self.count).map { place in
            var span = span(place, start: UInt64(place), end: 1_000_000)
            if place > 0 { span.parentSpanID = SpanID(word: 1) }
            return span
        }
        let tree = expectQuick(spans)
        #expect(tree?.nodes.count { $0.parent == 0 } == Self.count - 1)
    }

    @Test("100,000 traces of one span each, all open at once")
    func crowd() {
        let spans = (0..<Self.count).map { place in
            var span = span(place, start: UInt64(place), end: 1_000_000 + UInt64(place % 1_000))
            span.key.traceID.low = UInt64(place) + 1
            span.nameShape = UInt64(place)
            return span
        }
        #expect(expectQuick(spans)?.nodes.count == Self.count)
    }

    @Test("100,000 orphans, each of a parent of its own")
    func orphans() {
        let spans = (0..<Self.count).map { place in
            var span = span(place, start: UInt64(place), end: 1_000_000)
            span.parentSpanID = SpanID(word: UInt64(place) + 10_000_000)
            return span
        }
        let tree = expectQuick(spans)
        #expect((tree?.nodes.count ?? 0) >= Self.count)
        #expect(tree?.notes.contains { $0.contains("a short look") } == true)
    }

    @Test("A cycle of 100,000 spans")
    func cycle() {
        let spans = (0..<Self.count).map { place in
            var span = span(place, start: UInt64(place), end: 1_000_000)
            span.parentSpanID = SpanID(word: UInt64((place + 1) % Self.count) + 1)
            return span
        }
        let tree = expectQuick(spans)
        #expect(tree?.nodes.count { $0.parent == nil } == 1)
    }

    @Test("Model calls of 100,000 flat below parallel steps")
    func flatCalls() {
        let spans = (0..<Self.count).map { place in
            var span = span(place, start: UInt64(place), end: 1_000_000 - UInt64(place % 7))
            if place > 0 { span.parentSpanID = SpanID(word: 1) }
            span.operation = place % 2 == 0 ? .step : .model
            span.scope = UInt32(place % 2) + 1
            return span
        }
        #expect(expectQuick(spans)?.nodes.count == Self.count)
    }
}
