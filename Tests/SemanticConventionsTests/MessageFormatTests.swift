import TestSupport
import Foundation
import OTLP
import SemanticConventions
import Testing

/// One value in a format, and the messages that it is.
struct FormatCase: CustomTestStringConvertible, Sendable {
    var format: String
    var what: String
    /// "in", "out" or "tools".
    var document = "in"
    var value: String
    /// JSON in the form of the fact files: role, parts, finish reason.
    var expected: String

    var testDescription: String { "\(format): \(what)" }
}

@Suite("Every message format, by a dialect of a user")
struct MessageFormatTests {
    static let formats = [
        "semconv", "openai", "openai_responses", "anthropic", "bedrock", "gemini", "adk",
        "langchain", "vercel", "pydantic", "pydantic_events", "otel_body", "langsmith",
        "haystack", "text", "transcript", "auto",
    ]
    private static let call = #""call f c1 {\"a\":1}""#

    private static let cases: [FormatCase] = [
        FormatCase(
            format: "semconv", what: "as it is, arguments that are text",
            value:
                #"[{"role":"assistant","parts":[{"type":"tool_call","id":"c1","name":"f","arguments":"{\"a\": 1}"}]}]"#,
            expected: #"[["assistant",\#(call)]]"#),
        FormatCase(
            format: "semconv", what: "what is no list of messages", value: #"{"a":[1]}"#,
            expected: "null"),
        FormatCase(
            format: "openai", what: "messages with calls, results and a refusal",
            value:
                #"[{"role":"developer","content":"s"},{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},{"role":"tool","tool_call_id":"c1","content":"ok"}]"#,
            expected: #"[["system","text s"],["assistant",\#(call)],["tool","result c1 ok"]]"#),
        FormatCase(
            format: "openai", what: "choices",
            document: "out",
            value:
                #"{"choices":[{"index":0,"finish_reason":"length","message":{"role":"assistant","content":"a"}},{"index":1,"finish_reason":"stop","message":{"role":"assistant","content":"b"}}]}"#,
            expected:
                #"[["assistant","text a","finish length"],["assistant","text b","finish stop"]]"#),
        FormatCase(
            format: "openai", what: "images, audio and files",
            value:
                #"[{"role":"user","content":[{"type":"text","text":"t"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}},{"type":"image_url","image_url":{"url":"http://x/y"}},{"type":"input_audio","input_audio":{"data":"BB","format":"wav"}}]}]"#,
            expected:
                #"[["user","text t","blob image image/png AA","uri image http://x/y","blob audio audio/wav BB"]]"#
        ),
        FormatCase(
            format: "openai_responses", what: "an answer of several items is one message",
            document: "out",
            value:
                #"{"id":"r","output":[{"type":"reasoning","summary":[]},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"t"}]},{"type":"function_call","call_id":"c1","name":"f","arguments":"{\"a\":1}"}]}"#,
            expected: #"[["assistant","text t",\#(call)]]"#),
        FormatCase(
            format: "openai_responses", what: "input items",
            value:
                #"[{"role":"user","content":"hi"},{"type":"function_call","call_id":"c1","name":"f","arguments":"{\"a\":1}"},{"type":"function_call_output","call_id":"c1","output":"ok"}]"#,
            expected: #"[["user","text hi"],["assistant",\#(call)],["tool","result c1 ok"]]"#),
        FormatCase(
            format: "anthropic", what: "blocks",
            value:
                #"[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"t"},{"type":"tool_use","id":"c1","name":"f","input":{"a":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":[{"type":"text","text":"ok"}]},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA"}}]}]"#,
            expected:
                #"[["user","text hi"],["assistant","{\"content\":\"hm\",\"type\":\"reasoning\"}","text t",\#(call)],["user","result c1 [{\"text\":\"ok\",\"type\":\"text\"}]","blob image image/png AA"]]"#
        ),
        FormatCase(
            format: "anthropic", what: "an answer", document: "out",
            value:
                #"{"role":"assistant","type":"message","stop_reason":"tool_use","content":[{"type":"tool_use","id":"c1","name":"f","input":{"a":1}}]}"#,
            expected: #"[["assistant",\#(call),"finish tool_call"]]"#),
        FormatCase(
            format: "bedrock", what: "blocks",
            value:
                #"[{"role":"user","content":[{"text":"hi"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"c1","name":"f","input":{"a":1}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"c1","content":[{"text":"ok"}]}}]}]"#,
            expected: #"[["user","text hi"],["assistant",\#(call)],["user","result c1 ok"]]"#),
        FormatCase(
            format: "gemini", what: "contents",
            value:
                #"{"contents":[{"role":"user","parts":[{"text":"hi"},{"inlineData":{"mimeType":"image/png","data":"AA"}}]},{"role":"model","parts":[{"functionCall":{"id":"c1","name":"f","args":{"a":1}}}]}]}"#,
            expected:
                #"[["user","text hi","blob image image/png AA"],["assistant",\#(call)]]"#),
        FormatCase(
            format: "adk", what: "an answer", document: "out",
            value:
                #"{"content":{"parts":[{"function_call":{"id":"c1","args":{"a":1},"name":"f"}}],"role":"model"},"partial":false}"#,
            expected: #"[["assistant",\#(call)]]"#),
        FormatCase(
            format: "langchain", what: "constructors and a batch of one",
            value:
                #"{"messages":[[{"lc":1,"type":"constructor","id":["langchain","SystemMessage"],"kwargs":{"content":"s","type":"system"}},{"lc":1,"type":"constructor","id":["x","AIMessage"],"kwargs":{"content":"","type":"ai","tool_calls":[{"name":"f","args":{"a":1},"id":"c1","type":"tool_call"}]}},{"lc":1,"type":"constructor","id":["x","ToolMessage"],"kwargs":{"content":"ok","type":"tool","tool_call_id":"c1"}}]]}"#,
            expected: #"[["system","text s"],["assistant",\#(call)],["tool","result c1 ok"]]"#),
        FormatCase(
            format: "langchain", what: "typed data and pairs",
            value: #"[{"type":"human","data":{"content":"hi","type":"human"}}]"#,
            expected: #"[["user","text hi"]]"#),
        FormatCase(
            format: "langchain", what: "pairs of role and text",
            value: #"{"messages":[["system","s"],["user","hi"]]}"#,
            expected: #"[["system","text s"],["user","text hi"]]"#),
        FormatCase(
            format: "langsmith", what: "generations", document: "out",
            value:
                #"{"generations":[[{"text":"t","generation_info":{"finish_reason":"stop"},"message":{"lc":1,"kwargs":{"content":"t","type":"ai"}}}]]}"#,
            expected: #"[["assistant","text t","finish stop"]]"#),
        FormatCase(
            format: "vercel", what: "parts",
            value:
                #"[{"role":"user","content":[{"type":"text","text":"hi"}]},{"role":"assistant","content":[{"type":"reasoning","text":"hm"},{"type":"tool-call","toolCallId":"c1","toolName":"f","input":{"a":1}}]},{"role":"tool","content":[{"type":"tool-result","toolCallId":"c1","toolName":"f","output":{"type":"text","value":"ok"}}]}]"#,
            expected:
                #"[["user","text hi"],["assistant","{\"content\":\"hm\",\"type\":\"reasoning\"}",\#(call)],["tool","result c1 ok"]]"#
        ),
        FormatCase(
            format: "pydantic", what: "results under their own name",
            value:
                #"[{"role":"user","parts":[{"type":"tool_call_response","id":"c1","name":"f","result":"ok"}]}]"#,
            expected: #"[["user","result c1 ok"]]"#),
        FormatCase(
            format: "pydantic_events", what: "the prompt",
            value:
                #"[{"event.name":"gen_ai.user.message","role":"user","content":"hi"},{"event.name":"gen_ai.choice","index":0,"message":{"role":"assistant","content":"t"}}]"#,
            expected: #"[["user","text hi"]]"#),
        FormatCase(
            format: "pydantic_events", what: "the choice", document: "out",
            value:
                #"[{"event.name":"gen_ai.user.message","role":"user","content":"hi"},{"event.name":"gen_ai.choice","index":0,"message":{"role":"assistant","content":"t"}}]"#,
            expected: #"[["assistant","text t"]]"#),
        FormatCase(
            format: "otel_body", what: "a choice", document: "out",
            value:
                #"{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]}}"#,
            expected: #"[["assistant",\#(call),"finish tool_call"]]"#),
        FormatCase(
            format: "otel_body", what: "a tool's message",
            value: #"{"role":"tool","id":"c1","content":"ok"}"#,
            expected: #"[["tool","result c1 ok"]]"#),
        FormatCase(
            format: "haystack", what: "replies", document: "out",
            value:
                #"{"replies":[{"role":"assistant","meta":{"finish_reason":"tool_calls"},"name":null,"content":[{"tool_call":{"tool_name":"f","arguments":{"a":1},"id":"c1"}}]}]}"#,
            expected: #"[["assistant",\#(call),"finish tool_call"]]"#),
        FormatCase(
            format: "haystack", what: "the names of fields before 2.9",
            value: #"{"messages":[{"_role":"user","_content":[{"text":"hi"}],"_meta":{}}]}"#,
            expected: #"[["user","text hi"]]"#),
        FormatCase(
            format: "text", what: "text that looks like JSON stays text",
            value: #"{"role":"user"}"#,
            expected: #"[["user","text {\"role\":\"user\"}"]]"#),
        FormatCase(
            format: "transcript", what: "lines with roles",
            value: "system: be brief\nuser: two\nlines: here\nassistant: t",
            expected:
                #"[["system","text be brief"],["user","text two\nlines: here"],["assistant","text t"]]"#
        ),
        FormatCase(
            format: "transcript", what: "text without roles", value: "hi: there",
            expected: #"[["user","text hi: there"]]"#),
        FormatCase(
            format: "auto", what: "Python literals",
            value: "[{'role': 'user', 'content': 'it\\'s', 'name': None}]",
            expected: #"[["user","text it's"]]"#),
        FormatCase(
            format: "auto", what: "JSON inside JSON",
            value: #""[{\"role\":\"user\",\"content\":\"hi\"}]""#,
            expected: #"[["user","text hi"]]"#),
        FormatCase(
            format: "auto", what: "plain text", value: "hi", expected: #"[["user","text hi"]]"#),
        FormatCase(format: "auto", what: "nothing", value: "[]", expected: "null"),
    ]

    private static let normalizer = Result { () throws -> Normalizer in
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(
            at: folder.appending(path: "dialects"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var rows = "source\ttarget\top\twhen\tprio\tv\tnote\n"
        for format in formats {
            for document in ["in", "out"] {
                rows += "x.\(format).\(document)\t\(document)\tmsgs:\(format)\t\t\tM\t\n"
            }
        }
        let files = [
            "dialects.tsv":
                "dialect\ttier\tinput_incl\tfile\tnote\nx\t0\tyes\tx.tsv\t\n",
            "detect.tsv": "dialect\tweight\tkind\tpattern\tnote\nx\t9\tattr^\tx.\t\n",
            "dialects/x.tsv": rows,
        ]
        for (path, text) in files {
            try Data(text.utf8).write(to: folder.appending(path: path))
        }
        return Normalizer(rules: try RuleSet(directories: [folder.path]))
    }

    @Test("Messages", arguments: cases)
    func messages(_ example: FormatCase) throws {
        let normalizer = try Self.normalizer.get()
        var batch = TraceBatch.example(
            "x", [KeyValue("x.\(example.format).\(example.document)", .string(example.value))])
        normalizer.normalize(&batch)
        let attributes = batch.attributes(ofSpan: 0)
        let found = SpanFindings(attributes: attributes)
            .value(of: example.document == "in" ? "input" : "output")
        #expect(
            found.map(Rendering.json) ?? "null"
                == Rendering.json(try JSONValue(parsing: example.expected)))
        let key = "gen_ai.\(example.document == "in" ? "in" : "out")put.messages"
        if let text = attributes[key]?.stringValue {
            let error = try DocumentSchema.conventions().error(JSONValue(parsing: text), of: key)
            #expect(error == nil)
        }
    }

    @Test("Every format has an example")
    func everyFormat() {
        #expect(Set(Self.cases.map(\.format)) == Set(Self.formats))
    }
}
