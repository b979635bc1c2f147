import OTLP

/// The messages of a call as the store's adapters read them: `gen_ai.prompt.N.*`,
/// `gen_ai.completion.N.*` and `gen_ai.request.functions.N.*`, in the words of OpenAI's chat API.
///
/// Source of the messages: the JSON schemas of the GenAI conventions for `gen_ai.input.messages`,
/// `gen_ai.output.messages`, `gen_ai.system_instructions` and `gen_ai.tool.definitions`.
enum ChatEntries {
    /// A call of a tool that the model asked for.
    struct ToolCall {
        /// Empty where it has none.
        var id: String
        var name: String
        /// A JSON text.
        var arguments: String
    }

    /// - Parameters:
    ///   - instructions: parts that stand outside of the history; they come first, unless the
    ///     history begins with them too.
    ///   - messages: the history.
    static func prompt(instructions: JSONValue?, messages: [JSONValue]) -> [KeyValue] {
        var entries: [[KeyValue]] = []
        if let parts = instructions?.array, let content = content(of: parts),
            !messages.contains(where: { Self.content(of: $0["parts"]?.array ?? []) == content })
        {
            entries.append([KeyValue("role", "system"), KeyValue("content", .string(content))])
        }
        for message in messages { entries += promptEntries(message) }
        return numbered("gen_ai.prompt", entries)
    }

    static func completion(_ messages: [JSONValue]) -> [KeyValue] {
        numbered(
            "gen_ai.completion",
            messages.map { message in
                let parts = message["parts"]?.array ?? []
                var entry = [KeyValue("role", "assistant")]
                if let content = content(of: parts) {
                    entry.append(KeyValue("content", .string(content)))
                }
                if let reasoning = reasoning(of: parts) {
                    entry.append(KeyValue("reasoning_content", .string(reasoning)))
                }
                if let reason = message["finish_reason"]?.string {
                    let word = reason == "tool_call" ? "tool_calls" : reason
                    entry.append(KeyValue("finish_reason", .string(word)))
                }
                return entry + numbered("tool_calls", toolCalls(parts).map(attributes))
            })
    }

    static func functions(_ definitions: [JSONValue]) -> [KeyValue] {
        numbered(
            "gen_ai.request.functions",
            definitions.compactMap { definition in
                guard let name = (definition["name"] ?? definition["type"])?.string else {
                    return nil
                }
                return [
                    KeyValue("name", .string(name)),
                    KeyValue("description", .string(definition["description"]?.string ?? "")),
                    KeyValue("parameters", .string((definition["parameters"] ?? [:]).text)),
                ]
            })
    }

    static func toolCalls(_ parts: [JSONValue]) -> [ToolCall] {
        parts.compactMap { part in
            guard part["type"]?.string == "tool_call", let name = part["name"]?.string else {
                return nil
            }
            return ToolCall(
                id: part["id"]?.string ?? "", name: name,
                arguments: part["arguments"].map(text(of:)) ?? "{}")
        }
    }

    private static func attributes(_ call: ToolCall) -> [KeyValue] {
        [
            KeyValue("id", .string(call.id)), KeyValue("name", .string(call.name)),
            KeyValue("arguments", .string(call.arguments)),
        ]
    }

    /// A tool's answer is an entry of its own, whatever message it came in.
    private static func promptEntries(_ message: JSONValue) -> [[KeyValue]] {
        let parts = message["parts"]?.array ?? []
        let answers = parts.filter { $0["type"]?.string == "tool_call_response" }
        var entries = answers.map { answer in
            [
                KeyValue("role", "tool"),
                KeyValue("tool_call_id", .string(answer["id"]?.string ?? "")),
                KeyValue(
                    "content", .string((answer["response"] ?? answer["result"]).map(text) ?? "")),
            ]
        }
        let calls = toolCalls(parts)
        let content = content(of: parts)
        guard content != nil || !calls.isEmpty || answers.isEmpty else { return entries }
        let role = role(of: message)
        var entry = [KeyValue("role", .string(role)), KeyValue("content", .string(content ?? ""))]
        // The adapter refuses a tool's answer without an id, whatever the id.
        if role == "tool" { entry.append(KeyValue("tool_call_id", "")) }
        if role == "assistant" { entry += numbered("tool_calls", calls.map(attributes)) }
        entries.append(entry)
        return entries
    }

    /// The adapters refuse other roles than those of the chat API.
    private static func role(of message: JSONValue) -> String {
        switch message["role"]?.string {
        case let role? where ["system", "developer", "user", "assistant", "tool"].contains(role):
            role
        case "model", "ai": "assistant"
        default: "user"
        }
    }

    /// Texts as they are; with pictures among them, the JSON text of a list as the chat API takes.
    private static func content(of parts: [JSONValue]) -> String? {
        let shown = parts.filter { part in
            !["tool_call", "tool_call_response", "reasoning"].contains(part["type"]?.string)
        }
        guard !shown.isEmpty else { return nil }
        if shown.allSatisfy({ $0["type"]?.string == "text" }) {
            return shown.map { $0["content"].map(text(of:)) ?? "" }.joined(separator: "\n")
        }
        return JSONValue.array(shown.map(chatPart)).text
    }

    private static func reasoning(of parts: [JSONValue]) -> String? {
        let thoughts = parts.filter { $0["type"]?.string == "reasoning" }
        guard !thoughts.isEmpty else { return nil }
        return thoughts.map { $0["content"].map(text(of:)) ?? "" }.joined(separator: "\n")
    }

    private static func chatPart(_ part: JSONValue) -> JSONValue {
        let type = part["type"]?.string
        if type == "text" { return ["type": "text", "text": part["content"] ?? ""] }
        guard part["modality"]?.string == "image" else { return part }
        var url = part["uri"]
        if type == "blob", let content = part["content"]?.string {
            url = .string("data:\(part["mime_type"]?.string ?? "image/png");base64,\(content)")
        }
        guard let url else { return part }
        return ["type": "image_url", "image_url": ["url": url]]
    }

    private static func text(of value: JSONValue) -> String { value.string ?? value.text }

    private static func numbered(_ prefix: String, _ entries: [[KeyValue]]) -> [KeyValue] {
        entries.enumerated().flatMap { number, entry in
            entry.map { KeyValue("\(prefix).\(number).\($0.key)", $0.value) }
        }
    }
}
