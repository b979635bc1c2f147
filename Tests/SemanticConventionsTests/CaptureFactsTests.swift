import TestSupport
import OTLP
import SemanticConventions
import Testing

@Suite("Facts of captured programs")
struct CaptureFactsTests {
    /// The share of facts that each dialect has to reach.
    private static let goal = 0.98

    /// Counted once, for all tests.
    private static let counts: Result<[String: FactCount], any Error> = Result {
        var counts: [String: FactCount] = [:]
        for capture in Capture.all {
            let expected = try CaptureFacts(capture: capture.name)
            var batch = try capture.batch(keys: rules.keyTable)
            normalizer.normalize(&batch)
            let spans = Dictionary(
                batch.spans.indices.map { (batch.spans[$0].spanID.description, $0) },
                uniquingKeysWith: { first, _ in first })
            for span in expected.spans {
                let index = try #require(spans[span.id], "\(capture.name) \(span.id)")
                let found = SpanFindings(attributes: batch.attributes(ofSpan: index))
                counts[span.dialect, default: FactCount()].judge(
                    span, in: capture.name, by: found)
            }
        }
        return counts
    }

    @Test("Every span of every capture has its facts", arguments: Capture.all)
    func everySpanIsKnown(_ capture: Capture) throws {
        let expected = try CaptureFacts(capture: capture.name)
        let batch = try capture.batch(keys: .none)
        #expect(
            Set(expected.spans.map(\.id)) == Set(batch.spans.map { $0.spanID.description }))
    }

    @Test("Each dialect's facts are right")
    func facts() throws {
        let counts = try Self.counts.get()
        for (dialect, count) in counts.sorted(by: { $0.key < $1.key }) {
            print("facts \(dialect): \(count.right) of \(count.all) (\(count.share))")
            for fact in count.wrong { print("wrong \(dialect): \(fact)") }
            #expect(count.share >= Self.goal, "\(dialect)")
        }
    }
}
