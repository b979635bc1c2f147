public import OTLP

/// One message of `gen_ai.input.messages` or `gen_ai.output.messages`, taken apart.
///
/// Source: gen-ai-input-messages.json and gen-ai-output-messages.json of
/// open-telemetry/semantic-conventions-genai.
public struct CanonicalMessage: Sendable {
    public var role: String
    public var name: String?
    public var finishReason: String?
    /// Text and media as parts of the OpenAI chat format, in order.
    public var content: [JSONValue] = []
    public var refusal: String?
    /// What the model thought, joined by newlines; nil where it tells nothing of that.
    public var reasoning: String?
    public var toolCalls: [ToolCall] = []
    public var toolResponses: [ToolResponse] = []
    /// Parts as they came that the chat format has no place for, thoughts apart.
    public var others: [JSONValue] = []
    /// Types of parts that the chat format has no place for.
    public var leftOut: [String] = []

    /// A call of a tool that the model asked for.
    public struct ToolCall: Sendable {
        public var id: String?
        public var name: String
        /// JSON text.
        public var arguments: String
    }

    /// What a tool answered.
    public struct ToolResponse: Sendable {
        public var id: String?
        /// Text as it is, other values as JSON text.
        public var text: String
    }

    /// - Parameter message: an element of the document.
    public init(_ message: JSONValue) {
        role = message["role"]?.string ?? ""
        name = message["name"]?.string
        finishReason = message["finish_reason"]?.string
        for part in message["parts"]?.array ?? [] { add(part) }
    }

    public init(role: String, parts: [JSONValue]) {
        self.role = role
        for part in parts { add(part) }
    }

    /// Nil where there is none; text where it is one text; else parts.
    public var contentValue: JSONValue? {
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
        case "reasoning":
            let thought = part.text("content")
            reasoning = reasoning.map { "\($0)\n\(thought)" } ?? thought
            leftOut.append("reasoning")
        case let type:
            if let medium = Self.medium(part) {
                content.append(medium)
            } else {
                others.append(part)
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

extension JSONValue {
    /// Text as it is, other values as JSON text.
    var asText: String { string ?? text }

    /// The text of a member; empty where there is none.
    package func text(_ name: String) -> String {
        guard let value = self[name], value != .null else { return "" }
        return value.asText
    }
}
