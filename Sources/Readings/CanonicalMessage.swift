import OTLP

/// One message of `gen_ai.input.messages` or `gen_ai.output.messages`, taken apart.
///
/// Source: gen-ai-input-messages.json and gen-ai-output-messages.json of
/// open-telemetry/semantic-conventions-genai.
struct CanonicalMessage {
    var role: String
    var name: String?
    var finishReason: String?
    /// Text and media as parts of the OpenAI chat format.
    var content: [JSONValue] = []
    var refusal: String?
    var toolCalls: [ToolCall] = []
    var toolResponses: [ToolResponse] = []
    /// Types of parts that the chat format has no place for.
    var leftOut: [String] = []

    struct ToolCall {
        var id: String?
        var name: String
        /// JSON text.
        var arguments: String
    }

    struct ToolResponse {
        var id: String?
        var text: String
    }

    init(_ message: JSONValue) {
        role = message["role"]?.string ?? ""
        name = message["name"]?.string
        finishReason = message["finish_reason"]?.string
        for part in message["parts"]?.array ?? [] { add(part) }
    }

    init(role: String, parts: [JSONValue]) {
        self.role = role
        for part in parts { add(part) }
    }

    /// Nil where there is none; text where it is one text; else parts.
    var contentValue: JSONValue? {
        if content.isEmpty { return nil }
        if content.count == 1, content[0]["type"]?.string == "text" { return content[0]["text"] }
        return .array(content)
    }

    private mutating func add(_ part: JSONValue) {
        switch part["type"]?.string {
        case "text": content.append(["type": "text", "text": .string(part.text("content"))])
        case "tool_call":
            toolCalls.append(
                ToolCall(
                    id: part["id"]?.string, name: part.text("name"),
                    arguments: part["arguments"].map(\.asText) ?? "{}"))
        case "tool_call_response":
            let response = part["response"] ?? part["result"] ?? ""
            toolResponses.append(
                ToolResponse(id: part["id"]?.string, text: response == .null ? "" : response.asText)
            )
        case "generic" where part["generic_type"]?.string == "refusal":
            refusal = (refusal ?? "") + part.text("content")
        case let type:
            if let medium = Self.medium(part) {
                content.append(medium)
            } else {
                leftOut.append(part["generic_type"]?.string ?? type ?? "no type")
            }
        }
    }

    private static func medium(_ part: JSONValue) -> JSONValue? {
        switch (part["type"]?.string, part["modality"]?.string) {
        case ("uri", "image"?):
            return ["type": "image_url", "image_url": ["url": .string(part.text("uri"))]]
        case ("blob", "image"?):
            let type = part["mime_type"]?.string ?? "image/png"
            let url = "data:\(type);base64,\(part.text("content"))"
            return ["type": "image_url", "image_url": ["url": .string(url)]]
        case ("blob", "audio"?):
            let type = part["mime_type"]?.string ?? "audio/wav"
            let format = type.split(separator: "/").last.map(String.init) ?? "wav"
            return [
                "type": "input_audio",
                "input_audio": ["data": .string(part.text("content")), "format": .string(format)],
            ]
        case ("file", _):
            guard let id = part["file_id"]?.string else { return nil }
            return ["type": "file", "file": ["file_id": .string(id)]]
        default: return nil
        }
    }
}

extension CanonicalMessage {
    /// The message as AgentOps writes it, which is what Agent-lightning's `raw_content` shows; one
    /// entry for each answer of a tool.
    var rawContent: [JSONValue] {
        var entries = toolResponses.map { response -> JSONValue in
            var members: [JSONValue.Member] = [
                .init("role", "tool"), .init("content", .string(response.text)),
            ]
            if let id = response.id { members.append(.init("tool_call_id", .string(id))) }
            return .object(members)
        }
        guard entries.isEmpty || !content.isEmpty || !toolCalls.isEmpty else { return entries }
        var members: [JSONValue.Member] = [.init("role", .string(role))]
        if let contentValue { members.append(.init("content", contentValue)) }
        if let refusal { members.append(.init("refusal", .string(refusal))) }
        if !toolCalls.isEmpty {
            let calls = toolCalls.map { call -> JSONValue in
                var members: [JSONValue.Member] = []
                if let id = call.id { members.append(.init("id", .string(id))) }
                members.append(.init("name", .string(call.name)))
                members.append(.init("arguments", .string(call.arguments)))
                return .object(members)
            }
            members.append(.init("tool_calls", .array(calls)))
        }
        if let finishReason { members.append(.init("finish_reason", .string(finishReason))) }
        entries.append(.object(members))
        return entries
    }
}

extension JSONValue {
    /// Text as it is, other values as JSON text.
    var asText: String { string ?? text }

    /// The text of a member; empty where there is none.
    func text(_ name: String) -> String {
        guard let value = self[name], value != .null else { return "" }
        return value.asText
    }
}
