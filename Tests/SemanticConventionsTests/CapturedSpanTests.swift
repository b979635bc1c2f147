import TestSupport
import OTLP
import SemanticConventions
import Testing

/// What one model call of a capture is known to be, from what the library sent.
struct ExpectedCall: CustomTestStringConvertible, Sendable {
    var capture: String
    /// The response id, which finds the span; `isRaw` tells LiteLLM's raw request from the call.
    var response: String
    var isRaw = false
    var provider: String?
    var request: String?
    var model: String?
    var input: Int64?
    var output: Int64?
    var roles: [String] = []
    /// The answer's text, or the cities of its get_weather calls.
    var text: String?
    var cities: [String] = []
    var finish: String?
    var promptIDs: [Int64]?
    var responseIDs: [Int64]?

    var testDescription: String { "\(capture) \(response)" }
}

private let answer = "The weather in Paris is 21 degrees and sunny."
private let snapshot = "gpt-4o-mini-2024-07-18"
private let answerIDs: [Int64] = [9959, 24312, 7665, 16841, 7820, 4069, 23785, 10517, 20189]
private let qwen = "Qwen/Qwen2.5-0.5B-Instruct"

@Suite("Model calls of captured programs")
struct CapturedSpanTests {
    private static let calls: [ExpectedCall] = [
        ExpectedCall(
            capture: "openai_traceloop", response: "chatcmpl-000006", provider: "openai",
            request: "gpt-4o-mini", model: snapshot, input: 23, output: 25,
            roles: ["system", "user"], cities: ["Paris", "Rome"], finish: "tool_call"),
        ExpectedCall(
            capture: "openai_traceloop", response: "chatcmpl-000010", provider: "openai",
            request: "gpt-4o-mini", model: snapshot, input: 44, output: 9,
            roles: ["system", "user", "assistant", "tool", "tool"], text: answer, finish: "stop"),
        ExpectedCall(
            capture: "openai_traceloop_040", response: "chatcmpl-000554", provider: "openai",
            request: "gpt-4o-mini", model: snapshot, input: 23, output: 25,
            roles: ["system", "user"], cities: ["Paris", "Rome"], finish: "tool_call"),
        ExpectedCall(
            capture: "openai_traceloop_040", response: "chatcmpl-000558", provider: "openai",
            request: "gpt-4o-mini", model: snapshot, input: 44, output: 9,
            roles: ["system", "user", "assistant", "tool", "tool"], text: answer, finish: "stop"),
        ExpectedCall(
            capture: "openai_traceloop_040", response: "chatcmpl-000560", provider: "openai",
            request: "gpt-4o-mini", model: snapshot, roles: ["user"], text: answer,
            finish: "stop"),
        ExpectedCall(
            capture: "lc_traceloop", response: "chatcmpl-000179", provider: "openai",
            request: "gpt-4o-mini", model: snapshot, input: 18, output: 25, roles: ["user"],
            cities: ["Paris", "Rome"], finish: "tool_call"),
        ExpectedCall(
            capture: "openai_openinference", response: "chatcmpl-000025", provider: "openai",
            request: "gpt-4o-mini", model: snapshot, input: 23, output: 25,
            roles: ["system", "user"], cities: ["Paris", "Rome"], finish: "tool_call",
            responseIDs: [16291, 22390, 27071, 13470, 22390, 25242]),
        ExpectedCall(
            capture: "openai_openinference", response: "chatcmpl-000029", provider: "openai",
            request: "gpt-4o-mini", model: snapshot, input: 44, output: 9,
            roles: ["system", "user", "assistant", "tool", "tool"], text: answer, finish: "stop",
            responseIDs: answerIDs),
        ExpectedCall(
            capture: "openai_openinference", response: "resp-000035", provider: "openai",
            request: "gpt-4o-mini", model: snapshot, input: 8, output: 13,
            roles: ["system", "user"], cities: ["Paris"]),
        ExpectedCall(
            capture: "openai_v2_latest", response: "chatcmpl-000128", provider: "openai",
            request: "gpt-4o-mini", model: snapshot, input: 23, output: 25,
            roles: ["system", "user"], cities: ["Paris", "Rome"], finish: "tool_call"),
        ExpectedCall(
            capture: "openai_v2_latest", response: "chatcmpl-000132", provider: "openai",
            request: "gpt-4o-mini", model: snapshot, input: 44, output: 9,
            roles: ["system", "user", "assistant", "tool", "tool"], text: answer, finish: "stop"),
        ExpectedCall(
            capture: "openai_v2_legacy", response: "chatcmpl-000115", provider: "openai",
            request: "gpt-4o-mini", model: snapshot, input: 23, output: 25, finish: "tool_call"),
        ExpectedCall(
            capture: "openai_agentops", response: "chatcmpl-000154", provider: "openai",
            request: "gpt-4o-mini", model: snapshot, input: 7, output: 25, roles: ["user"],
            cities: ["Paris", "Rome"], finish: "tool_call"),
        ExpectedCall(
            capture: "openai_agentops", response: "chatcmpl-000158", provider: "openai",
            request: "gpt-4o-mini", model: snapshot, input: 24, output: 9,
            roles: ["user", "assistant", "tool", "tool"], text: answer, finish: "stop"),
        ExpectedCall(
            capture: "agl_agentops_tracer", response: "chatcmpl-000343", provider: "openai",
            request: "gpt-4o-mini", model: snapshot, input: 4, output: 13, roles: ["user"],
            cities: ["Paris"], finish: "tool_call", promptIDs: [25273],
            responseIDs: [16291, 22390, 28590]),
        ExpectedCall(
            capture: "agl_agentops_tracer", response: "chatcmpl-000346", provider: "openai",
            request: "gpt-4o-mini", model: snapshot, input: 5, output: 9, roles: ["user"],
            text: answer, finish: "stop", promptIDs: [11323, 7851], responseIDs: answerIDs),
        ExpectedCall(
            capture: "litellm_otel", response: "chatcmpl-000688", provider: "openai",
            request: "gpt-4o-mini", model: snapshot, input: 11, output: 25,
            roles: ["system", "user"], cities: ["Paris", "Rome"], finish: "tool_call"),
        ExpectedCall(
            capture: "litellm_otel", response: "chatcmpl-000688", isRaw: true, model: snapshot,
            roles: ["system", "user"], cities: ["Paris", "Rome"], finish: "tool_call",
            promptIDs: [24312, 23320, 7665, 11726, 22824]),
        ExpectedCall(
            capture: "litellm_otel_vllm", response: "chatcmpl-000360", provider: "hosted_vllm",
            request: qwen, model: "hosted_vllm/\(qwen)", input: 4, output: 13, roles: ["user"],
            cities: ["Paris"], finish: "tool_call"),
        ExpectedCall(
            capture: "litellm_otel_vllm", response: "chatcmpl-000360", isRaw: true, model: qwen,
            roles: ["user"], cities: ["Paris"], finish: "tool_call", promptIDs: [25273],
            responseIDs: [16291, 22390, 28590]),
        ExpectedCall(
            capture: "litellm_otel_vllm", response: "chatcmpl-000363", isRaw: true, model: qwen,
            roles: ["user"], text: answer, finish: "stop", promptIDs: [11323, 7851],
            responseIDs: answerIDs),
        ExpectedCall(
            capture: "litellm_proxy_otel", response: "chatcmpl-000829", provider: "hosted_vllm",
            request: qwen, model: "hosted_vllm/\(qwen)", input: 4, output: 9, roles: ["user"],
            text: answer, finish: "stop"),
        ExpectedCall(
            capture: "litellm_proxy_otel", response: "chatcmpl-000831", isRaw: true, model: qwen,
            roles: ["user"], text: answer, finish: "stop", promptIDs: [23320, 18825],
            responseIDs: answerIDs),
        ExpectedCall(
            capture: "litellm_arize_phoenix", response: "chatcmpl-000697", provider: "openai",
            request: "gpt-4o-mini", model: snapshot, input: 11, output: 25,
            roles: ["system", "user"], cities: ["Paris", "Rome"]),
    ]

    @Test("Say what the library recorded, in the conventions' words", arguments: calls)
    func modelCall(_ expected: ExpectedCall) throws {
        var batch = try Capture(expected.capture).batch(keys: rules.keyTable)
        normalizer.normalize(&batch)
        let found = batch.spans.indices.filter {
            let facts = SpanFacts(of: $0, in: batch)
            return facts.responseID == expected.response
                && (facts.stepKind == "raw") == expected.isRaw
        }
        try #require(found.count == 1)
        let facts = SpanFacts(of: found[0], in: batch)
        #expect(facts.isModelCall == !expected.isRaw)
        #expect(facts.operation == (expected.isRaw ? nil : "chat"))
        #expect(facts.provider == expected.provider)
        #expect(facts.requestModel == expected.request)
        #expect(facts.responseModel == expected.model)
        #expect(facts.inputTokens == expected.input)
        #expect(facts.outputTokens == expected.output)

        let attributes = batch.attributes(ofSpan: found[0])
        let input = try json(attributes["gen_ai.input.messages"])?.array ?? []
        #expect(input.compactMap { $0["role"]?.string } == expected.roles)
        let output = try json(attributes["gen_ai.output.messages"])?.array ?? []
        if let text = expected.text {
            #expect(output.first?["role"] == "assistant")
            let parts = output.first?["parts"]?.array ?? []
            #expect(parts.map { $0["type"] } == ["text"])
            #expect(parts.first?["content"]?.string == text)
        }
        let calls = output.flatMap { $0["parts"]?.array ?? [] }.filter { $0["type"] == "tool_call" }
        #expect(calls.allSatisfy { $0["name"] == "get_weather" })
        #expect(calls.compactMap { $0["arguments"]?["city"]?.string } == expected.cities)
        if let finish = expected.finish {
            #expect(attributes["gen_ai.response.finish_reasons"] == [.string(finish)])
            if !output.isEmpty { #expect(output[0]["finish_reason"]?.string == finish) }
        }
        if let identifiers = expected.promptIDs {
            #expect(attributes["prompt_token_ids"] == .array(identifiers.map { .int($0) }))
        }
        if let identifiers = expected.responseIDs {
            #expect(attributes["response_token_ids"] == .array(identifiers.map { .int($0) }))
        }
    }

    @Test(
        "Each program has the operations that it ran",
        arguments: [
            ("openai_traceloop", ["chat": 5, "embeddings": 1]),
            ("openai_traceloop_040", ["chat": 4, "embeddings": 1]),
            ("lc_traceloop", ["chat": 5]),
            ("openai_openinference", ["chat": 5, "embeddings": 1]),
            ("lc_openinference", ["chat": 5, "execute_tool": 2]),
            ("openai_v2_latest", ["chat": 4, "embeddings": 1]),
            ("openai_v2_legacy", ["chat": 4, "embeddings": 1]),
            (
                "openai_agentops",
                ["chat": 4, "embeddings": 1, "execute_tool": 2, "invoke_agent": 1]
            ),
            ("agl_agentops_tracer", ["chat": 2]),
            ("agl_otel_tracer", [:]),
            ("litellm_otel", ["chat": 4, "embeddings": 1]),
            ("litellm_otel_vllm", ["chat": 2]),
            ("litellm_proxy_otel", ["chat": 2]),
        ] as [(String, [String: Int])])
    func operations(_ name: String, _ expected: [String: Int]) throws {
        var batch = try Capture(name).batch(keys: rules.keyTable)
        normalizer.normalize(&batch)
        var counts: [String: Int] = [:]
        for span in batch.spans.indices {
            guard let operation = SpanFacts(of: span, in: batch).operation else { continue }
            counts[operation, default: 0] += 1
        }
        for operation in ["chat", "embeddings", "execute_tool"] {
            guard operation != "execute_tool" || name != "lc_traceloop" else { continue }
            #expect(counts[operation] == expected[operation], "\(operation)")
        }
        if let agents = expected["invoke_agent"] { #expect(counts["invoke_agent"] == agents) }
    }

    @Test(
        "A tool's execution names the tool, its arguments, its result and its call",
        arguments: [
            ("lc_traceloop", "call-000180", #"{"city":"Paris"}"#),
            ("lc_openinference", "call-000200", nil),
            ("openai_agentops", nil, #"{"city":"Paris"}"#),
        ] as [(String, String?, String?)])
    func toolExecution(_ name: String, _ call: String?, _ arguments: String?) throws {
        var batch = try Capture(name).batch(keys: rules.keyTable)
        normalizer.normalize(&batch)
        let found = try #require(
            batch.spans.indices.first {
                let facts = SpanFacts(of: $0, in: batch)
                return facts.operation == "execute_tool" && facts.toolCallID == call
            })
        let attributes = batch.attributes(ofSpan: found)
        #expect(attributes["gen_ai.tool.name"] == "get_weather")
        #expect(attributes["gen_ai.tool.call.arguments"]?.stringValue == arguments)
        #expect(
            try json(attributes["gen_ai.tool.call.result"])
                == ["city": "Paris", "temp_c": 21])
    }

    @Test("Rewards and links of Agent-lightning stay as they are")
    func rewards() throws {
        var batch = try Capture("agl_agentops_tracer").batch(keys: rules.keyTable)
        normalizer.normalize(&batch)
        let annotation = try #require(
            batch.attributesBySpan.values.first {
                $0["agentlightning.link.0.value_match"] == "chatcmpl-000346"
            })
        #expect(annotation["agentlightning.reward.0.value"] == 0.5)
        #expect(annotation["tags"] == ["fast", "ok"])
        #expect(annotation["tracemend.dialect"] == "agentlightning")
    }
}
