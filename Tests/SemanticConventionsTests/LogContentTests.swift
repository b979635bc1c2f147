import TestSupport
import Compression
import Foundation
import OTLP
import SemanticConventions
import Testing

@Suite("Content that came in log records")
struct LogContentTests {
    /// A capture's spans with the events that its log records became.
    private func batch(_ name: String) throws -> TraceBatch {
        let capture = Capture(name)
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/captures/\(name)/other")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        var gatherer = TraceBatchGatherer(keys: rules.keyTable)
        let spans = try capture.batch(keys: rules.keyTable)
        try gatherer.add(spans: spans.spans.indices, of: spans)
        for file in files.sorted() where file.hasSuffix(".bin") {
            let body = Array(try Data(contentsOf: folder.appending(path: file)))
            let plain = try inflate(
                body, encoding: ContentEncoding(detecting: body), limit: 64 << 20)
            let events = try LogBatch(protobuf: plain).spanEvents { _, _ in true }
            try gatherer.add(spans: events.spans.indices, of: events)
        }
        var batch = gatherer.finish()
        #expect(batch.attachEvents() == 0)
        return batch
    }

    @Test(
        "Is found as though it were on the spans",
        arguments: [
            ("openai_v2_legacy", "openai_v2_legacy+logs"), ("openai_v2_latest", "openai_v2_latest"),
        ])
    func logs(_ capture: String, _ facts: String) throws {
        var batch = try batch(capture)
        normalizer.normalize(&batch)
        let expected = try CaptureFacts(capture: facts)
        var count = FactCount()
        for span in expected.spans {
            let index = try #require(
                batch.spans.indices.first { batch.spans[$0].spanID.description == span.id })
            let found = SpanFindings(attributes: batch.attributes(ofSpan: index))
            count.judge(span, in: facts, by: found)
        }
        for wrong in count.wrong { Issue.record("\(wrong)") }
        #expect(count.all > 30)
    }
}
