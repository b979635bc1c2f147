import OTLP
import TrainingContent

/// The messages of a call as the store's adapters read them: `gen_ai.prompt.N.*`,
/// `gen_ai.completion.N.*` and `gen_ai.request.functions.N.*`, in the words of OpenAI's chat API.
///
/// Source of the messages: the JSON schemas of the GenAI conventions for `gen_ai.input.messages`,
/// `gen_ai.output.messages`, `gen_ai.system_instructions` and `gen_ai.tool.definitions`.
enum ChatEntries {
    /// - Parameters:
    ///   - instructions: parts that stand outside of the history; they come first, unless the
    ///     history begins with them too.
    ///   - messages: the history.
    static func prompt(instructions: JSONValue?, messages: [JSONValue]) -> [KeyValue] {
        var entries: [[KeyValue]] = []
        let messages = messages.map { CanonicalMessage($0) }
        let instructed = CanonicalMessage(role: "system", parts: instructions?.array ?? [])
        if let content = content(of: instructed),
            !messages.contains(where: { Self.content(of: $0) == content })
        {
            entries.append([KeyValue("role", "system"), KeyValue("content", .string(content))])
        }
        for message in messages { entries += promptEntries(message) }
        return numbered("gen_ai.prompt", entries)
    }

    static func completion(_ messages: [CanonicalMessage]) -> [KeyValue] {
        numbered(
            "gen_ai.completion",
            messages.map { message in
                var entry = [KeyValue("role", "assistant")]
                if let content = content(of: message) {
                    entry.append(KeyValue("content", .string(content)))
                }
                if let reasoning = message.reasoning {
                    entry.append(KeyValue("reasoning_content", .string(reasoning)))
                }
                if let reason = message.finishReason {
                    let word = reason == "tool_call" ? "tool_calls" : reason
                    entry.append(KeyValue("finish_reason", .string(word)))
                }
                return entry + numbered("tool_calls", message.toolCalls.map(attributes))
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

    private static func attributes(_ call: CanonicalMessage.ToolCall) -> [KeyValue] {
        [
            KeyValue("id", .string(call.id ?? "")), KeyValue("name", .string(call.name)),
            KeyValue("arguments", .string(call.arguments)),
        ]
    }

    /// A tool's answer is an entry of its own, whatever message it came in.
    private static func promptEntries(_ message: CanonicalMessage) -> [[KeyValue]] {
        var entries = message.toolResponses.map { answer in
            [
                KeyValue("role", "tool"), KeyValue("tool_call_id", .string(answer.id ?? "")),
                KeyValue("content", .string(answer.text)),
            ]
        }
        let content = content(of: message)
        guard content != nil || !message.toolCalls.isEmpty || entries.isEmpty else {
            return entries
        }
        let role = role(of: message)
        var entry = [KeyValue("role", .string(role)), KeyValue("content", .string(content ?? ""))]
        // The adapter refuses a tool's answer without an id, whatever the id.
        if role == "tool" { entry.append(KeyValue("tool_call_id", "")) }
        if role == "assistant" {
            entry += numbered("tool_calls", message.toolCalls.map(attributes))
        }
        entries.append(entry)
        return entries
    }

    /// The adapters refuse other roles than those of the chat API.
    private static func role(of message: CanonicalMessage) -> String {
        switch message.role {
        case "system", "developer", "user", "assistant", "tool": message.role
        case "model", "ai": "assistant"
        default: "user"
        }
    }

    /// Texts as they are; with anything else among them, the JSON text of a list as the chat API
    /// takes, and what that has no words for as it came.
    private static func content(of message: CanonicalMessage) -> String? {
        var parts = message.content
        if let refusal = message.refusal {
            parts.append(["type": "refusal", "refusal": .string(refusal)])
        }
        parts += message.others
        guard !parts.isEmpty else { return nil }
        let texts = parts.compactMap { $0["type"] == "text" ? $0["text"]?.string : nil }
        return texts.count == parts.count
            ? texts.joined(separator: "\n") : JSONValue.array(parts).text
    }

    private static func numbered(_ prefix: String, _ entries: [[KeyValue]]) -> [KeyValue] {
        entries.enumerated().flatMap { number, entry in
            entry.map { KeyValue("\(prefix).\(number).\($0.key)", $0.value) }
        }
    }
}
