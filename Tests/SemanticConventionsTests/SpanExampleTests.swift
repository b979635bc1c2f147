import TestSupport
import OTLP
import SemanticConventions
import Testing

@Suite("Small spans and what becomes of them")
struct SpanExampleTests {
    struct Example: CustomTestStringConvertible, Sendable {
        var what: String
        var name = "chat"
        var scope = ""
        var given: [KeyValue]
        var events: [(String, [KeyValue])] = []
        /// Expected values; documents are compared as JSON.
        var expected: [String: AnyValue] = [:]
        var absent: [String] = []

        var testDescription: String { what }
    }

    private static let right =
        #"[{"role":"user","parts":[{"type":"text","content":"hi"}]}]"#

    private static let examples: [Example] = [
        Example(
            what: "legacy keys get their names and types of today",
            given: [
                KeyValue("gen_ai.system", "OpenAI"), KeyValue("gen_ai.operation.name", "chat"),
                KeyValue("gen_ai.usage.prompt_tokens", 7),
                KeyValue("gen_ai.usage.completion_tokens", "9"),
                KeyValue("gen_ai.openai.request.seed", 3),
                KeyValue("gen_ai.request.n", 1),
            ],
            expected: [
                "gen_ai.provider.name": "openai", "gen_ai.usage.input_tokens": 7,
                "gen_ai.usage.output_tokens": 9, "gen_ai.request.seed": 3,
                "tracemend.dialect": "otel_legacy", "gen_ai.system": "OpenAI",
            ], absent: ["gen_ai.request.choice.count", "tracemend.loss"]),
        Example(
            what: "message events become messages in the order of time",
            given: [KeyValue("gen_ai.system", "openai")],
            events: [
                ("gen_ai.system.message", [KeyValue("content", "be brief")]),
                ("gen_ai.user.message", [KeyValue("content", "hi")]),
                (
                    "gen_ai.choice",
                    [
                        KeyValue("index", 0), KeyValue("finish_reason", "tool_calls"),
                        KeyValue(
                            "message",
                            #"{"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{\"a\":1}"}}]}"#
                        ),
                    ]
                ),
            ],
            expected: [
                "gen_ai.input.messages":
                    .string(
                        #"[{"role":"system","parts":[{"type":"text","content":"be brief"}]},"#
                            + #"{"role":"user","parts":[{"type":"text","content":"hi"}]}]"#),
                "gen_ai.output.messages":
                    .string(
                        #"[{"role":"assistant","parts":[{"type":"tool_call","id":"c","name":"f","#
                            + #""arguments":{"a":1}}],"finish_reason":"tool_call"}]"#),
                "gen_ai.response.finish_reasons": ["tool_call"],
            ]),
        Example(
            what: "right values are never overwritten",
            given: [
                KeyValue("gen_ai.input.messages", .string(right)),
                KeyValue("gen_ai.usage.input_tokens", 5),
                KeyValue("gen_ai.usage.prompt_tokens", 6),
                KeyValue("gen_ai.prompt.0.content", "other"),
                KeyValue("llm.request.type", "chat"),
                KeyValue("gen_ai.provider.name", "openai"),
            ],
            expected: [
                "gen_ai.input.messages": .string(right), "gen_ai.usage.input_tokens": 5,
            ],
            absent: [
                "tracemend.original.gen_ai.input.messages",
                "tracemend.original.gen_ai.usage.input_tokens",
            ]),
        Example(
            what: "raw messages in the canonical key are replaced, the old text moves",
            given: [
                KeyValue("gen_ai.provider.name", "openai"),
                KeyValue("gen_ai.input.messages", #"[{"role":"user","content":"hi"}]"#),
                KeyValue("gen_ai.response.finish_reasons", #"["stop"]"#),
            ],
            expected: [
                "gen_ai.input.messages": .string(right),
                "tracemend.original.gen_ai.input.messages": #"[{"role":"user","content":"hi"}]"#,
                "gen_ai.response.finish_reasons": ["stop"],
                "tracemend.original.gen_ai.response.finish_reasons": #"["stop"]"#,
                "tracemend.derived": [
                    "gen_ai.input.messages", "gen_ai.operation.name",
                    "gen_ai.response.finish_reasons",
                ],
            ]),
        Example(
            what: "counts that cannot hold the cache get it added",
            name: "anthropic.chat", scope: "opentelemetry.instrumentation.anthropic",
            given: [
                KeyValue("gen_ai.provider.name", "anthropic"),
                KeyValue("gen_ai.usage.input_tokens", 5),
                KeyValue("gen_ai.usage.cache_read.input_tokens", 7),
                KeyValue("gen_ai.usage.cache_creation.input_tokens", 4),
            ],
            expected: [
                "gen_ai.usage.input_tokens": 16,
                "tracemend.original.gen_ai.usage.input_tokens": 5,
                "gen_ai.usage.cache_write.input_tokens": 4,
            ]),
        Example(
            what: "OpenInference parts: text, image at a URL, image as data",
            given: [
                KeyValue("openinference.span.kind", "LLM"),
                KeyValue("llm.input_messages.0.message.role", "user"),
                KeyValue(
                    "llm.input_messages.0.message.contents.0.message_content.type", "text"),
                KeyValue("llm.input_messages.0.message.contents.0.message_content.text", "see"),
                KeyValue(
                    "llm.input_messages.0.message.contents.1.message_content.type", "image"),
                KeyValue(
                    "llm.input_messages.0.message.contents.1.message_content.image.image.url",
                    "https://x/y.png"),
                KeyValue(
                    "llm.input_messages.0.message.contents.2.message_content.image.image.url",
                    "data:image/png;base64,AAAA"),
            ],
            expected: [
                "gen_ai.input.messages":
                    .string(
                        #"[{"role":"user","parts":[{"type":"text","content":"see"},"#
                            + #"{"type":"uri","modality":"image","uri":"https://x/y.png"},{"type":"blob","#
                            + #""modality":"image","mime_type":"image/png","content":"AAAA"}]}]"#)
            ]),
        Example(
            what: "indices of two digits keep their order",
            given: (0...11).map { KeyValue("gen_ai.prompt.\($0).content", .string("\($0)")) }
                + [KeyValue("traceloop.span.kind", "unknown"), KeyValue("gen_ai.prompt.x", "y")],
            expected: [
                "gen_ai.input.messages": .string(
                    "["
                        + (0...11).map {
                            #"{"role":"user","parts":[{"type":"text","content":"\#($0)"}]}"#
                        }.joined(separator: ",") + "]")
            ]),
        Example(
            what: "huge indices, broken JSON and empty content do no harm",
            given: [
                KeyValue("traceloop.span.kind", "tool"),
                KeyValue("gen_ai.prompt.99999999999999999999.content", "x"),
                KeyValue("gen_ai.prompt.4000000000.content", "x"),
                KeyValue("gen_ai.input.messages", "[{"), KeyValue("traceloop.entity.input", "{"),
                KeyValue("gen_ai.usage.prompt_tokens", 1e300),
                KeyValue("gen_ai.usage.completion_tokens", .double(.nan)),
            ],
            expected: [
                "gen_ai.input.messages": "[{", "gen_ai.operation.name": "execute_tool",
                "tracemend.loss": ["unreadable:gen_ai.input.messages"],
            ],
            absent: ["gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"]),
        Example(
            what: "an application's own span gains nothing", name: "chat_with_user",
            given: [KeyValue("input", "hi"), KeyValue("session.id", "7")],
            absent: ["tracemend.dialect", "gen_ai.operation.name", "gen_ai.conversation.id"]),
        Example(
            what: "the AI SDK of Vercel, and what has no home",
            given: [
                KeyValue("ai.operationId", "ai.generateText.doGenerate"),
                KeyValue(
                    "ai.prompt.messages",
                    #"[{"role":"user","content":[{"type":"text","text":"hi"}]},{"role":"tool","content":[{"type":"tool-result","toolCallId":"a","toolName":"f","output":{"type":"json","value":{"b":2}}}]}]"#
                ),
                KeyValue("ai.response.text", "hello"), KeyValue("ai.schema", "{}"),
                KeyValue(
                    "ai.response.toolCalls",
                    #"[{"toolCallId":"c","toolName":"f","input":"{\"a\":1}"}]"#),
            ],
            expected: [
                "gen_ai.input.messages":
                    #"[{"role":"user","parts":[{"type":"text","content":"hi"}]},{"role":"tool","parts":[{"type":"tool_call_response","id":"a","response":{"b":2}}]}]"#,
                "gen_ai.output.messages":
                    #"[{"role":"assistant","parts":[{"type":"text","content":"hello"},{"type":"tool_call","id":"c","name":"f","arguments":{"a":1}}]}]"#,
                "tracemend.loss": ["no_field:ai.schema"], "gen_ai.operation.name": "chat",
            ]),
    ]

    @Test("Examples", arguments: examples)
    func example(_ example: Example) throws {
        var batch = TraceBatch.example(
            example.name, scope: example.scope, example.given, events: example.events)
        normalizer.normalize(&batch)
        let attributes = batch.attributes(ofSpan: 0)
        for (key, value) in example.expected {
            if key.hasSuffix(".messages"), !key.hasPrefix("tracemend"),
                let document = try? json(value)
            {
                #expect(try json(attributes[key]) == document, "\(key)")
            } else {
                #expect(attributes[key] == value, "\(key)")
            }
        }
        for key in example.absent { #expect(attributes[key] == nil, "\(key)") }
        for given in example.given {
            let moved = attributes["tracemend.original.\(given.key)"]
            if case .double(let number) = given.value, number.isNaN { continue }
            #expect(attributes[given.key] == given.value || moved == given.value)
        }
    }

    // What they cost is held by scripts/check-normalizing-budget.
    @Test("Spans with very many keys are normalised whole")
    func manyKeys() throws {
        var given: [KeyValue] = [KeyValue("openinference.span.kind", "LLM")]
        for index in 0..<2000 {
            given.append(KeyValue("llm.input_messages.\(index).message.content", "x"))
            given.append(KeyValue("metadata.k\(index)", "x"))
            given.append(KeyValue("llm.p\(index).model", "x"))
        }
        var batch = TraceBatch.example("LLM", scope: "litellm", given)
        normalizer.normalize(&batch)
        let messages = try json(batch.attributes(ofSpan: 0)["gen_ai.input.messages"])?.array
        #expect(messages?.count == 2000)
    }

    @Test("Evidence of the resource alone makes no dialect")
    func resourceAlone() {
        var batch = TraceBatch.example(
            "work", [], resource: [KeyValue("agentops.project.id", "p")])
        #expect(normalizer.normalize(&batch) == NormalizationReport())
        #expect(batch.attributes(ofSpan: 0).isEmpty)
    }
}
