import OTLP
import SemanticConventions
import Testing

@Suite("Long texts, which are looked through in wide strides")
struct LongTextTests {
    private func normalized(_ given: [KeyValue]) throws -> (TraceBatch, RecordRange) {
        let rules = try RuleSet.builtIn()
        var batch = TraceBatch(keys: rules.keyTable)
        batch.resources.append(ResourceRecord())
        batch.scopes.append(ScopeRecord(resource: 0))
        var span = SpanRecord(scope: 0)
        span.name = batch.append("llm")
        span.attributes = batch.append(keyValues: given)
        batch.spans.append(span)
        Normalizer(rules: rules).normalize(&batch)
        return (batch, batch.spans[0].attributes)
    }

    @Test(
        "What needs an escape is found wherever it stands", arguments: ["\"", "\\", "\n", "\u{1}"])
    func escapes(_ mark: String) throws {
        let given = (0..<600).map { place in
            String(repeating: "é", count: place / 8) + String(repeating: "a", count: place)
                + mark + String(repeating: "b", count: 600 - place)
        }
        let (batch, attributes) = try normalized(
            [KeyValue("openinference.span.kind", "LLM")]
                + given.enumerated().map {
                    KeyValue("llm.input_messages.\($0).message.content", .string($1))
                })
        let text = batch.value("gen_ai.input.messages", in: attributes)?.stringValue
        let messages = try #require(JSONValue(parsing: text ?? "").array)
        let told = messages.map { $0["parts"]?.array?.first?["content"]?.string }
        #expect(told == given)
    }
}
