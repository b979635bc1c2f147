import TestSupport
import OTLP
import SemanticConventions
import Testing

@Suite("Documents fit the schemas of the conventions")
struct DocumentSchemaTests {
    private static let schema = Result { try DocumentSchema.conventions() }

    @Test("All documents of all captures", arguments: Capture.all)
    func captures(_ capture: Capture) throws {
        var batch = try capture.batch(keys: rules.keyTable)
        normalizer.normalize(&batch)
        try check(batch)
    }

    @Test("All documents of all shapes", arguments: Shape.all)
    func shapes(_ shape: Shape) throws {
        var batch = shape.batch()
        normalizer.normalize(&batch)
        try check(batch)
    }

    @Test(
        "The schemas tell right from wrong",
        arguments: [
            ("gen_ai.input.messages", #"[{"role":"user","parts":[]}]"#, true),
            ("gen_ai.input.messages", #"[{"role":"user","content":"hi"}]"#, false),
            ("gen_ai.input.messages", #"[{"role":"user","parts":[{"type":"text"}]}]"#, false),
            ("gen_ai.input.messages", #"[{"role":"user","parts":[{"type":"x"}]}]"#, true),
            (
                "gen_ai.output.messages",
                #"[{"role":"assistant","parts":[{"type":"tool_call","name":"f","arguments":"{}"}]}]"#,
                false
            ),
            (
                "gen_ai.output.messages",
                #"[{"role":"assistant","parts":[],"finish_reason":"tool_calls"}]"#, false
            ),
            ("gen_ai.tool.definitions", #"[{"type":"function","name":"f"}]"#, true),
            ("gen_ai.tool.definitions", #"[{"type":"function","function":{"name":"f"}}]"#, false),
            ("gen_ai.system_instructions", #"["be brief"]"#, false),
            ("gen_ai.response.finish_reasons", #"["stop"]"#, true),
            ("gen_ai.response.finish_reasons", #"["end_turn"]"#, false),
        ])
    func schemas(_ key: String, _ text: String, _ isRight: Bool) throws {
        let error = try Self.schema.get().error(JSONValue(parsing: text), of: key)
        #expect((error == nil) == isRight, "\(error ?? "")")
    }

    private func check(_ batch: TraceBatch) throws {
        let schema = try Self.schema.get()
        for span in batch.spans.indices {
            let attributes = batch.attributes(ofSpan: span)
            for key in schema.keys {
                guard let value = attributes[key] else { continue }
                var document = Rendering.plain(value)
                if let text = document.string { document = try JSONValue(parsing: text) }
                let error = schema.error(document, of: key)
                #expect(error == nil, "\(batch.spans[span].spanID) \(key)")
            }
        }
    }
}
