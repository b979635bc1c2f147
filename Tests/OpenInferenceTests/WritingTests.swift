import TestSupport
import OTLP
import OpenInference
import Testing

/// One canonical span, and some of what it is in OpenInference's words.
struct Example: Sendable, CustomTestStringConvertible {
    var says: String
    var canonical: [String: AnyValue]
    var written: [String: AnyValue]
    var absent: [String] = []

    var testDescription: String { says }
}

@Suite("What spans say as OpenInference")
struct WritingTests {
    @Test(arguments: [
        Example(
            says: "a call of a model",
            canonical: [
                "gen_ai.operation.name": "chat", "gen_ai.provider.name": "azure.ai.openai",
                "gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o-2024-08-06",
                "gen_ai.request.temperature": .double(0.5), "gen_ai.request.max_tokens": 100,
                "gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 3,
                "gen_ai.usage.cache_read.input_tokens": 2, "gen_ai.conversation.id": "s1",
            ],
            written: [
                "openinference.span.kind": "LLM", "llm.provider": "azure", "llm.system": "openai",
                "llm.model_name": "gpt-4o-2024-08-06", "llm.request.model_name": "gpt-4o",
                "llm.invocation_parameters":
                    #"{"model":"gpt-4o","max_tokens":100,"temperature":0.5}"#,
                "llm.token_count.prompt": 7, "llm.token_count.completion": 3,
                "llm.token_count.prompt_details.cache_read": 2, "session.id": "s1",
                "gen_ai.operation.name": "chat",
            ],
            absent: ["gen_ai.usage.input_tokens"]),
        Example(
            says: "a conversation with a picture and a tool",
            canonical: [
                "gen_ai.operation.name": "chat",
                "gen_ai.input.messages": """
                [{"role":"system","parts":[{"type":"text","content":"be brief"}]},
                 {"role":"user","parts":[{"type":"text","content":"what is it?"},
                  {"type":"blob","modality":"image","mime_type":"image/png","content":"QUJD"}]},
                 {"role":"assistant","parts":[{"type":"tool_call","id":"c1","name":"look",
                  "arguments":{"at":1}}]},
                 {"role":"tool","parts":[{"type":"tool_call_response","id":"c1","response":"a cat"}]}]
                """,
                "gen_ai.output.messages":
                    #"[{"role":"assistant","parts":[{"type":"text","content":"A cat."}],"finish_reason":"stop"}]"#,
                "gen_ai.tool.definitions": #"[{"type":"function","name":"look"}]"#,
            ],
            written: [
                "llm.input_messages.0.message.role": "system",
                "llm.input_messages.0.message.content": "be brief",
                "llm.input_messages.1.message.contents.0.message_content.text": "what is it?",
                "llm.input_messages.1.message.contents.1.message_content.type": "image",
                "llm.input_messages.1.message.contents.1.message_content.image.image.url":
                    "data:image/png;base64,QUJD",
                "llm.input_messages.2.message.tool_calls.0.tool_call.function.name": "look",
                "llm.input_messages.2.message.tool_calls.0.tool_call.function.arguments":
                    #"{"at":1}"#,
                "llm.input_messages.3.message.tool_call_id": "c1",
                "llm.input_messages.3.message.content": "a cat",
                "llm.output_messages.0.message.content": "A cat.",
                "llm.output_messages.0.message.finish_reason": "stop",
                "llm.tools.0.tool.json_schema":
                    #"{"type":"function","function":{"name":"look"}}"#,
                "output.value": "A cat.", "output.mime_type": "text/plain",
            ],
            absent: ["gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.tool.definitions"]),
        Example(
            says: "instructions come first, and stay as they are beside it",
            canonical: [
                "gen_ai.operation.name": "chat",
                "gen_ai.system_instructions": #"[{"type":"text","content":"be brief"}]"#,
                "gen_ai.input.messages":
                    #"[{"role":"user","parts":[{"type":"text","content":"hi"}]}]"#,
            ],
            written: [
                "llm.input_messages.0.message.role": "system",
                "llm.input_messages.1.message.content": "hi", "input.value": "hi",
                "gen_ai.system_instructions": #"[{"type":"text","content":"be brief"}]"#,
                "gen_ai.input.messages":
                    #"[{"role":"user","parts":[{"type":"text","content":"hi"}]}]"#,
            ]),
        Example(
            says: "a tool at work",
            canonical: [
                "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "look",
                "gen_ai.tool.call.id": "c1", "gen_ai.tool.call.arguments": #"{"at":1}"#,
                "gen_ai.tool.call.result": "a cat",
            ],
            written: [
                "openinference.span.kind": "TOOL", "tool.name": "look", "tool.id": "c1",
                "input.value": #"{"at":1}"#, "input.mime_type": "application/json",
                "output.value": "a cat", "output.mime_type": "text/plain",
            ]),
        Example(
            says: "a prompt's template with what was filled in, and the application's own data",
            canonical: [
                "gen_ai.operation.name": "chat", "ext.prompt.template": "Hi {name}",
                "gen_ai.prompt.name": "greeting", "gen_ai.prompt.version": "3",
                "gen_ai.prompt.variable.name": "Ann", "gen_ai.prompt.variable.age": 7,
                "ext.metadata.team": "blue", "ext.metadata.draft": true,
            ],
            written: [
                "llm.prompt_template.template": "Hi {name}", "prompt.id": "greeting",
                "llm.prompt_template.version": "3",
                "llm.prompt_template.variables": #"{"age":7,"name":"Ann"}"#,
                "metadata": #"{"draft":true,"team":"blue"}"#, "ext.metadata.team": "blue",
            ],
            absent: ["ext.prompt.template"]),
        Example(
            says: "an embedding",
            canonical: [
                "gen_ai.operation.name": "embeddings", "gen_ai.request.model": "small",
                "gen_ai.usage.input_tokens": 4,
                "gen_ai.input.messages": """
                [{"role":"user","parts":[{"type":"text","content":"one"}]},
                 {"role":"user","parts":[{"type":"text","content":"two"}]}]
                """,
            ],
            written: [
                "openinference.span.kind": "EMBEDDING", "embedding.model_name": "small",
                "llm.token_count.prompt": 4, "embedding.embeddings.0.embedding.text": "one",
                "embedding.embeddings.1.embedding.text": "two",
            ]),
        Example(
            says: "a look into a store",
            canonical: [
                "gen_ai.operation.name": "retrieval", "gen_ai.retrieval.query.text": "cats",
                "gen_ai.retrieval.documents":
                    #"[{"id":"d1","score":0.5,"content":"A cat.","metadata":{"page":3}}]"#,
            ],
            written: [
                "openinference.span.kind": "RETRIEVER", "input.value": "cats",
                "retrieval.documents.0.document.id": "d1",
                "retrieval.documents.0.document.score": .double(0.5),
                "retrieval.documents.0.document.content": "A cat.",
                "retrieval.documents.0.document.metadata": #"{"page":3}"#,
            ]),
        Example(
            says: "an agent that repeats the counts of its calls is not counted",
            canonical: [
                "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "planner",
                "gen_ai.usage.input_tokens": 7,
            ],
            written: [
                "openinference.span.kind": "AGENT", "agent.name": "planner",
                "gen_ai.usage.input_tokens": 7,
            ],
            absent: ["llm.token_count.prompt"]),
        Example(
            says: "a second span of one call is not counted either",
            canonical: [
                "gen_ai.operation.name": "chat", "openinference.span.kind": "LLM",
                "llm.token_count.prompt": 7, "tracemend.duplicate_of": "0000000000000007",
            ],
            written: [
                "tracemend.original.llm.token_count.prompt": 7
            ],
            absent: ["openinference.span.kind", "llm.token_count.prompt"]),
        Example(
            says: "what a library says in these words already stays",
            canonical: [
                "gen_ai.operation.name": "chat", "openinference.span.kind": "LLM",
                "llm.model_name": "mine", "gen_ai.request.model": "yours", "input.value": "all",
                "gen_ai.input.messages":
                    #"[{"role":"user","parts":[{"type":"text","content":"hi"}]}]"#,
            ],
            written: ["llm.model_name": "mine", "input.value": "all"]),
        Example(
            says: "a span of other work is left alone",
            canonical: ["http.request.method": "GET", "session.id": "s1"],
            written: ["http.request.method": "GET", "session.id": "s1"],
            absent: ["openinference.span.kind"]),
    ])
    func example(_ example: Example) {
        var batch = TraceBatch.span(
            "span", example.canonical.sorted { $0.key < $1.key }.map { KeyValue($0.key, $0.value) })
        batch.writeAsOpenInference()
        let written = batch.attributes(ofSpan: 0)
        for (key, value) in example.written { #expect(written[key] == value, "\(key)") }
        for key in example.absent { #expect(written[key] == nil, "\(key)") }
    }
}
