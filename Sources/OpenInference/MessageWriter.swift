import OTLP

/// Writes messages of the GenAI conventions as `llm.input_messages.N.message.*`.
///
/// Source of the messages: gen-ai-input-messages.json and gen-ai-output-messages.json of
/// open-telemetry/semantic-conventions-genai.
struct MessageWriter {
    let prefix: String
    private(set) var attributes: [KeyValue] = []
    /// The messages can be read back as they were.
    var isExact = true
    /// Some message has a part.
    private(set) var saysSomething = false
    private var count = 0

    /// - Parameter prefix: `llm.input_messages` or `llm.output_messages`.
    init(_ prefix: String) {
        self.prefix = prefix
    }

    mutating func write(_ message: JSONValue) {
        let parts = message["parts"]?.array ?? []
        saysSomething = saysSomething || !parts.isEmpty
        let responses = parts.filter { $0["type"]?.string == "tool_call_response" }
        for response in responses { write(toolResponse: response) }
        let isResponse = responses.count == 1 && parts.count == 1
        if isResponse {
            isExact = isExact && message["role"]?.string == "tool"
        } else if !responses.isEmpty {
            isExact = false
        }
        let rest = parts.filter { $0["type"]?.string != "tool_call_response" }
        if responses.isEmpty || !rest.isEmpty { write(message, rest) }
        let known: Set = ["role", "parts", "name", "finish_reason"]
        for member in message.object ?? [] where !known.contains(member.name) { isExact = false }
        if isResponse, message["name"] != nil { isExact = false }
    }

    private mutating func write(toolResponse part: JSONValue) {
        add("role", "tool")
        let id = part["id"]?.string ?? ""
        add("tool_call_id", .string(id))
        let response = part["response"] ?? .null
        let text = response.string ?? response.text
        add("content", .string(text))
        // An answer that is no text comes back as one.
        isExact =
            isExact && !id.isEmpty && response.string?.isEmpty == false
            && part.object?.count == 3
        count += 1
    }

    private mutating func write(_ message: JSONValue, _ parts: [JSONValue]) {
        defer { count += 1 }
        add("role", .string(message["role"]?.string ?? ""))
        if message["role"]?.string == nil { isExact = false }
        if let name = message["name"]?.string { add("name", .string(name)) }
        if let reason = message["finish_reason"]?.string { add("finish_reason", .string(reason)) }
        let calls = parts.filter { $0["type"]?.string == "tool_call" }
        let contents = parts.filter { $0["type"]?.string != "tool_call" }
        // Calls stand behind the texts there, wherever they stood here.
        if parts != contents + calls { isExact = false }
        write(contents: contents)
        for (number, call) in calls.enumerated() { write(call, number) }
    }

    private mutating func write(contents: [JSONValue]) {
        if contents.count == 1, let text = Self.text(contents[0]) {
            add("content", .string(text))
            isExact = isExact && contents[0].object?.count == 2 && !text.isEmpty
            return
        }
        for (number, part) in contents.enumerated() { write(content: part, number) }
    }

    private static func text(_ part: JSONValue) -> String? {
        part["type"]?.string == "text" ? part["content"]?.string : nil
    }

    private mutating func write(content part: JSONValue, _ number: Int) {
        let key = "contents.\(number).message_content"
        let type = part["type"]?.string ?? ""
        if ["text", "reasoning"].contains(type), let text = part["content"]?.string {
            add("\(key).type", .string(type))
            add("\(key).text", .string(text))
            isExact = isExact && part.object?.count == 2 && !text.isEmpty
        } else if let medium = Medium(part) {
            add("\(key).type", .string(medium.modality))
            add("\(key).\(medium.modality).\(medium.modality).url", .string(medium.url))
            isExact = isExact && medium.isExact
        } else {
            // No words for it there; a person may still want to see that something was said.
            add("\(key).type", "text")
            add("\(key).text", .string(part["content"]?.string ?? part.text))
            isExact = false
        }
    }

    private mutating func write(_ call: JSONValue, _ number: Int) {
        let key = "tool_calls.\(number).tool_call"
        if let id = call["id"]?.string { add("\(key).id", .string(id)) }
        add("\(key).function.name", .string(call["name"]?.string ?? ""))
        if let arguments = call["arguments"] {
            add("\(key).function.arguments", .string(arguments.string ?? arguments.text))
        }
        let known: Set = ["type", "id", "name", "arguments"]
        isExact =
            isExact && call["name"]?.string != nil
            && (call.object ?? []).allSatisfy { known.contains($0.name) }
    }

    private mutating func add(_ key: String, _ value: AnyValue) {
        attributes.append(KeyValue("\(prefix).\(count).message.\(key)", value))
    }
}

/// A picture, sound or document in a message.
private struct Medium {
    var modality: String
    var url: String
    var isExact: Bool

    init?(_ part: JSONValue) {
        guard let modality = part["modality"]?.string,
            ["image", "audio", "document"].contains(modality)
        else { return nil }
        self.modality = modality
        switch part["type"]?.string {
        case "uri":
            guard let uri = part["uri"]?.string else { return nil }
            url = uri
            isExact = part.object?.count == 3 && modality == "image"
        case "blob":
            guard let content = part["content"]?.string else { return nil }
            let type = part["mime_type"]?.string
            url = "data:\(type ?? "application/octet-stream");base64,\(content)"
            isExact = type != nil && part.object?.count == 4 && modality == "image"
        default: return nil
        }
    }
}
