import TestSupport
import OTLP
import SemanticConventions
import Testing

@Suite("Originals that are dropped")
struct DroppedOriginalsTests {
    private let dropping = Normalizer(rules: rules, originals: .drop)

    @Test("What others tell in full goes, what they do not stays")
    func drops() throws {
        var batch = TraceBatch.example(
            "llm", scope: "openinference.instrumentation.openai",
            [
                KeyValue("openinference.span.kind", "LLM"),
                KeyValue("llm.input_messages.0.message.role", "user"),
                KeyValue("llm.input_messages.0.message.content", "hi"),
                KeyValue("llm.output_messages.0.message.role", "Assistant"),
                KeyValue("llm.output_messages.0.message.content", "ho"),
                KeyValue("llm.token_count.prompt", 7), KeyValue("llm.system", "OpenAI"),
                KeyValue("session.id", "s"), KeyValue("http.method", "POST"),
                KeyValue("application", "mine"),
            ])
        dropping.normalize(&batch)
        let attributes = batch.attributes(ofSpan: 0)
        #expect(
            try json(attributes["gen_ai.input.messages"])
                == [["role": "user", "parts": [["type": "text", "content": "hi"]]]])
        #expect(attributes["http.request.method"] == "POST")
        for gone in [
            "llm.input_messages.0.message.role", "llm.input_messages.0.message.content",
            "llm.output_messages.0.message.content", "http.method",
        ] { #expect(attributes[gone] == nil, "\(gone)") }
        for (key, value): (String, AnyValue) in [
            ("llm.output_messages.0.message.role", "Assistant"), ("llm.system", "OpenAI"),
            ("session.id", "s"), ("application", "mine"),
        ] { #expect(attributes[key] == value, "\(key)") }
        guard case .array(let told)? = attributes["tracemend.dropped"] else {
            Issue.record("nothing is told")
            return
        }
        #expect(told.contains("llm.input_messages.{i}.message.content"))
    }

    @Test("Nothing is lost: what goes is in what stays", arguments: Capture.all)
    func nothingIsLost(_ capture: Capture) throws {
        let original = try capture.batch(keys: rules.keyTable)
        var kept = original
        normalizer.normalize(&kept)
        var dropped = original
        dropping.normalize(&dropped)
        for span in original.spans.indices {
            let all = kept.attributes(ofSpan: span)
            let rest = dropped.attributes(ofSpan: span)
            let gone = Set(all.keys).subtracting(rest.keys)
            #expect(
                gone.allSatisfy {
                    original.attributes(ofSpan: span)[$0] != nil || $0 == "tracemend.derived"
                })
            let text = rest.filter { !$0.key.hasPrefix("tracemend.") }.values
                .map { "\($0)" }.joined()
            for key in gone where key != "tracemend.derived" {
                guard case .string(let value)? = all[key],
                    !value.contains(where: { "\"\\{[\n".contains($0) })
                else { continue }
                #expect(text.contains(value), "\(key) of span \(span)")
            }
        }
    }

    @Test("Dropping again changes nothing, and neither does keeping", arguments: Capture.all)
    func again(_ capture: Capture) throws {
        var once = try capture.batch(keys: rules.keyTable)
        dropping.normalize(&once)
        var twice = once
        dropping.normalize(&twice)
        #expect(twice.contents == once.contents)
    }
}
