import OTLP
import Readings
import Testing

@Suite struct DiagnosisTests {
    struct Example: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var codes: Set<String>
        var state = "settled"
        var parked: [String] = []
        var sketch: @Sendable (inout RunSketch) -> Void
    }

    private static let whole: [KeyValue] = [
        KeyValue("prompt_token_ids", [1]), KeyValue("response_token_ids", [2]),
        KeyValue("gen_ai.input.messages", "[]"), KeyValue("gen_ai.output.messages", "[]"),
    ]

    private static let examples = [
        Example(testDescription: "a run with everything", codes: []) { run in
            run.call(1, response: "r", whole)
            run.reward(2, at: 5, 1)
        },
        Example(
            testDescription: "an open run that a sink gave up on",
            codes: ["not_settled", "parked"],
            state: "open", parked: ["store"]
        ) { run in
            run.call(1, response: "r", whole)
            run.reward(2, at: 5, 1)
        },
        Example(testDescription: "no spans", codes: ["no_spans", "no_reward"]) { _ in },
        Example(testDescription: "no call", codes: ["no_model_call", "no_reward"]) { run in
            run.span(1, "GET /", [KeyValue("http.request.method", "GET")])
        },
        Example(
            testDescription: "a dialect that nobody knows", codes: ["unknown_dialect", "no_reward"]
        ) { run in run.span(1, "ask", [KeyValue("acme.prompt", "hi")]) },
        Example(
            testDescription: "calls below a reward alone", codes: ["all_skipped"]
        ) { run in
            run.reward(1, at: 1, 1)
            run.call(2, below: 1, response: "judge", whole)
        },
        Example(
            testDescription: "a call without token ids and messages",
            codes: ["no_token_ids", "no_messages", "no_reward"]
        ) { run in run.call(1, response: "r") },
        Example(
            testDescription: "half of the token ids", codes: ["partial_token_ids", "no_reward"]
        ) { run in
            run.call(1, response: "r", Array(whole.dropFirst()))
        },
        Example(
            testDescription: "a failed call",
            codes: ["no_response", "no_token_ids", "no_messages", "no_reward"]
        ) { run in
            run.span(1, "chat", status: 2, [KeyValue("gen_ai.operation.name", "chat")])
        },
        Example(
            testDescription: "a reward before the call's end", codes: ["reward_unmatched"]
        ) { run in
            run.call(1, from: 1, to: 9, response: "r", whole)
            run.reward(2, at: 5, 1)
        },
        Example(
            testDescription: "a malformed reward", codes: ["reward_unreadable", "no_reward"]
        ) { run in
            run.call(1, response: "r", whole)
            run.span(2, "agentlightning.annotation", [KeyValue("reward", "much")])
        },
    ]

    @Test(arguments: examples)
    func eachReasonIsNamed(example: Example) {
        var run = RunSketch()
        example.sketch(&run)
        let diagnosis = Diagnosis(
            run.batch,
            .init(state: example.state, parked: example.parked.map { ($0, "it refused") }))
        #expect(Set(diagnosis.findings.map(\.code)) == example.codes)
        #expect(diagnosis.findings.allSatisfy { !$0.what.isEmpty && !$0.advice.isEmpty })
    }
}
