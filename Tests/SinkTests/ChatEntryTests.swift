import LightningSink
import OTLP
import Sinks
import Testing

/// A message of the conventions, and its entry in the words of the chat API.
struct SaidAndSent: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// The parts of the answer, as JSON.
    var parts: String
    /// What stands below `gen_ai.completion.0.` beside the role.
    var sent: [String: AnyValue]
}

@Suite struct ChatEntryTests {
    @Test(arguments: [
        SaidAndSent(
            testDescription: "texts are joined",
            parts: #"[{"type":"text","content":"one"},{"type":"text","content":"two"}]"#,
            sent: ["content": "one\ntwo"]),
        SaidAndSent(
            testDescription: "thoughts stand apart",
            parts: #"[{"type":"reasoning","content":"hm"},{"type":"text","content":"yes"}]"#,
            sent: ["content": "yes", "reasoning_content": "hm"]),
        SaidAndSent(
            testDescription: "a call of a tool without arguments has none",
            parts: #"[{"type":"tool_call","id":"c1","name":"look"}]"#,
            sent: [
                "tool_calls.0.id": "c1", "tool_calls.0.name": "look",
                "tool_calls.0.arguments": "{}",
            ]),
        SaidAndSent(
            testDescription: "a picture is a part of a list",
            parts: """
                [{"type":"text","content":"see"},
                 {"type":"blob","modality":"image","mime_type":"image/png","content":"QUJD"}]
                """,
            sent: [
                "content": .string(
                    #"[{"type":"text","text":"see"},{"type":"image_url","image_url":"#
                        + #"{"url":"data:image/png;base64,QUJD"}}]"#)
            ]),
        SaidAndSent(
            testDescription: "so is a sound",
            parts:
                #"[{"type":"blob","modality":"audio","mime_type":"audio/wav","content":"QUJD"}]"#,
            sent: [
                "content": .string(
                    #"[{"type":"input_audio","input_audio":{"data":"QUJD","format":"wav"}}]"#)
            ]),
        SaidAndSent(
            testDescription: "a refusal is said in the chat API's words",
            parts: #"[{"type":"generic","generic_type":"refusal","content":"no"}]"#,
            sent: ["content": #"[{"type":"refusal","refusal":"no"}]"#]),
        SaidAndSent(
            testDescription: "what the chat API has no words for is sent as it came",
            parts: #"[{"type":"compaction","content":"short"}]"#,
            sent: ["content": #"[{"type":"compaction","content":"short"}]"#]),
        SaidAndSent(testDescription: "nothing stays nothing", parts: "[]", sent: [:]),
    ])
    func answer(_ row: SaidAndSent) async throws {
        var sketch = RunSketch()
        sketch.add(
            "chat", span: 1,
            [
                KeyValue("gen_ai.operation.name", "chat"),
                KeyValue(
                    "gen_ai.output.messages",
                    .string(#"[{"role":"assistant","parts":\#(row.parts)}]"#)),
            ])
        let sent = try await sent(sketch)
        let prefix = "gen_ai.completion.0."
        let entry = sent.filter { $0.key.hasPrefix(prefix) && $0.key != prefix + "role" }
        #expect(
            Dictionary(
                entry.map { (String($0.key.dropFirst(prefix.count)), $0.value) },
                uniquingKeysWith: { $1 }) == row.sent)
    }

    @Test(
        arguments: [
            (" 0.5 ", 0.5), ("1", 1), ("nan", nil), ("much", nil), (true, 1), (.bytes([0x31]), nil),
        ] as [(AnyValue, Double?)])
    func aRewardIsWhateverReadsAsANumber(value: AnyValue, number: Double?) async throws {
        var sketch = RunSketch()
        sketch.add("reward", span: 1, [KeyValue("agentlightning.reward.0.value", value)])
        let sent = try await sent(sketch).last { $0.key == "agentlightning.reward.0.value" }
        #expect(sent?.value == number.map { .double($0) })
    }

    /// The attributes of the first span that the store gets.
    private func sent(_ sketch: RunSketch) async throws -> [KeyValue] {
        let revision = sketch.revision(rollout: "ro", attempt: "at")
        return try await ScriptedServer.run([], rest: .noSpans) { server in
            let sink = try LightningSink(.init(url: server.url), warn: { _ in })
            try await sink.deliver(revision)
            try await sink.close()
            let request = try #require(server.requests.first { $0.path == "/v1/traces" })
            let batch = try TraceBatch(protobuf: request.exportedBytes())
            return batch.keyValues(batch.spans[0].attributes)
        }
    }
}
