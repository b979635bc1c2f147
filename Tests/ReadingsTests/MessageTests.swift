import OTLP
import Readings
import Testing

@Suite struct MessageTests {
    struct Example: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var attributes: [String: String]
        /// Each conversation as JSON text.
        var conversations: [String]
        var skipped: [String] = []
    }

    private static let user = #"{"role":"user","parts":[{"type":"text","content":"q"}]}"#
    private static let answer = #"{"role":"assistant","parts":[{"type":"text","content":"a"}]}"#
    private static let input = "gen_ai.input.messages"
    private static let output = "gen_ai.output.messages"

    private static let examples = [
        Example(
            testDescription: "instructions come first",
            attributes: [
                input: "[\(user)]", output: "[\(answer)]",
                "gen_ai.system_instructions": #"[{"type":"text","content":"be brief"}]"#,
            ],
            conversations: [
                #"[{"role":"system","content":"be brief"},{"role":"user","content":"q"},{"role":"assistant","content":"a"}]"#
            ]),
        Example(
            testDescription: "instructions that the history repeats come once",
            attributes: [
                input: #"[{"role":"system","parts":[{"type":"text","content":"s"}]}]"#,
                output: "[\(answer)]",
                "gen_ai.system_instructions": #"[{"type":"text","content":"s"}]"#,
            ],
            conversations: [
                #"[{"role":"system","content":"s"},{"role":"assistant","content":"a"}]"#
            ]
        ),
        Example(
            testDescription: "each choice is a conversation of its own",
            attributes: [
                input: "[\(user)]",
                output: #"""
                [{"role":"assistant","parts":[{"type":"text","content":"1"}],"finish_reason":"stop"},
                {"role":"assistant","parts":[{"type":"text","content":"2"}],"finish_reason":"stop"}]
                """#,
            ],
            conversations: [
                #"[{"role":"user","content":"q"},{"role":"assistant","content":"1"}]"#,
                #"[{"role":"user","content":"q"},{"role":"assistant","content":"2"}]"#,
            ]),
        Example(
            testDescription: "calls of tools without ids are answered in order",
            attributes: [
                input: #"""
                [{"role":"assistant","parts":[{"type":"tool_call","name":"f"},{"type":"tool_call","name":"g"}]},
                {"role":"user","parts":[{"type":"tool_call_response","response":"1"},
                {"type":"tool_call_response","response":"2"},{"type":"text","content":"go on"}]}]
                """#,
                output: "[\(answer)]",
            ],
            conversations: [
                #"[{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"call_2","type":"function","function":{"name":"g","arguments":"{}"}}]},{"role":"tool","content":"1","tool_call_id":"call_1"},{"role":"tool","content":"2","tool_call_id":"call_2"},{"role":"user","content":"go on"},{"role":"assistant","content":"a"}]"#
            ]),
        Example(
            testDescription: "reasoning has no place, and is told",
            attributes: [
                input: "[\(user)]",
                output:
                    #"[{"role":"assistant","parts":[{"type":"reasoning","content":"hm"},{"type":"text","content":"a"}]}]"#,
            ],
            conversations: [#"[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]"#],
            skipped: ["1 parts_left_out"]),
        Example(
            testDescription: "a call without an answer is told",
            attributes: [input: "[\(user)]"], conversations: [], skipped: ["1 no_answer"]),
        Example(
            testDescription: "an empty answer is none",
            attributes: [input: "[\(user)]", output: #"[{"role":"assistant","parts":[]}]"#],
            conversations: [], skipped: ["1 no_answer"]),
        Example(
            testDescription: "a call without a prompt is told",
            attributes: [output: "[\(answer)]"], conversations: [], skipped: ["1 no_prompt"]),
        Example(
            testDescription: "a role that the format does not know is told",
            attributes: [
                input: #"[{"role":"critic","parts":[{"type":"text","content":"x"}]}]"#,
                output: "[\(answer)]",
            ], conversations: [], skipped: ["1 not_in_chat_format"]),
        Example(
            testDescription: "an answer is the assistant's, whatever it is called",
            attributes: [
                input: "[\(user)]",
                output: #"[{"role":"unknown","parts":[{"type":"text","content":"a"}]}]"#,
            ],
            conversations: [#"[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]"#]
        ),
        Example(
            testDescription: "an answer of a tool that nobody called is told",
            attributes: [
                input:
                    #"[{"role":"tool","parts":[{"type":"tool_call_response","id":"c","response":"1"}]}]"#,
                output: "[\(answer)]",
            ], conversations: [], skipped: ["1 not_in_chat_format"]),
        Example(
            testDescription: "text that is no JSON is no message",
            attributes: [input: "hello", output: "[{"], conversations: [], skipped: ["1 no_prompt"]
        ),
    ]

    @Test(arguments: examples)
    func aCallIsAConversation(example: Example) throws {
        var run = RunSketch()
        let attributes = example.attributes.sorted { $0.key < $1.key }
        run.call(1, attributes.map { KeyValue($0.key, .string($0.value)) })
        let read = try run.read(.messages)
        let conversations = read["messages"]?.array ?? []
        #expect(conversations.map { $0["messages"]?.text } == example.conversations)
        #expect(try run.skipped(.messages) == example.skipped)
    }

    @Test func idsOfToolCallsComeFromTheSpanThatNamesThem() throws {
        func answer(_ id: String) -> KeyValue {
            let call = #"{"type":"tool_call",\#(id)"name":"f","arguments":{}}"#
            return KeyValue(
                Self.output, .string(#"[{"role":"assistant","parts":[\#(call)]}]"#))
        }
        var run = RunSketch()
        run.call(1, [KeyValue(Self.input, .string("[\(Self.user)]")), answer("")])
        run.span(2, below: 1, "raw", [KeyValue("ext.step.kind", "raw"), answer(#""id":"c7","#)])
        let message = try run.read(.messages)["messages"]?[0]?["messages"]?[1]
        #expect(message?["tool_calls"]?[0]?["id"] == "c7")
    }

    @Test func structuredMessagesAreReadAsJSONTextIs() throws {
        let text: AnyValue = .keyValueList([KeyValue("type", "text"), KeyValue("content", "q")])
        let message: AnyValue = .keyValueList([
            KeyValue("role", "user"), KeyValue("parts", .array([text])),
        ])
        var run = RunSketch()
        run.call(
            1,
            [
                KeyValue(Self.input, .array([message])),
                KeyValue(Self.output, .string("[\(Self.answer)]")),
            ])
        #expect(
            try run.read(.messages)["messages"]?[0]?["messages"]?[0]
                == ["role": "user", "content": "q"])
    }

    @Test func linesAreFitForFineTuning() throws {
        let conversation = [
            KeyValue(Self.input, .string("[\(Self.user)]")),
            KeyValue(Self.output, .string("[\(Self.answer)]")),
        ]
        var run = RunSketch()
        run.call(1, conversation)
        run.call(
            2,
            conversation + [
                KeyValue(
                    "gen_ai.tool.definitions",
                    #"[{"type":"function","name":"f","parameters":{"type":"object"}}]"#)
            ])
        let lines = try RunDocument(run.batch).lines(.messages).text
            .split(separator: UInt8(ascii: "\n")).map { try JSONValue(parsing: $0) }
        #expect(lines[0].object?.map(\.name) == ["messages"])
        #expect(lines[1].object?.map(\.name) == ["messages", "tools"])
        #expect(
            lines[1]["tools"]?[0]?["function"]
                == ["name": "f", "description": "", "parameters": ["type": "object"]])
    }
}
