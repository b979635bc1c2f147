import OTLP

/// Reads the parts of messages, whatever library wrote them, as parts of the GenAI conventions.
///
/// Source: gen-ai-input-messages.json and gen-ai-output-messages.json of
/// open-telemetry/semantic-conventions-genai.
struct PartReader: Sendable {
    /// How the part types of libraries map to those of the conventions.
    let partTypes: ValueMap?

    static let conventional: Set = [
        "text", "tool_call", "tool_call_response", "server_tool_call", "server_tool_call_response",
        "reasoning", "blob", "file", "uri", "compaction", "generic",
    ]

    /// The value is a part of the conventions already.
    static func isConventional(_ value: JSONValue) -> Bool {
        value["type"]?.string.map { conventional.contains($0) } ?? false
    }

    static func text(_ content: String) -> JSONValue {
        ["type": "text", "content": .string(content)]
    }

    static func toolCall(id: String?, name: String?, arguments: JSONValue?) -> JSONValue {
        var members: [JSONValue.Member] = [.init("type", "tool_call")]
        if let id { members.append(.init("id", .string(id))) }
        members.append(.init("name", .string(name ?? "")))
        if let arguments { members.append(.init("arguments", arguments.unwrapped)) }
        return .object(members)
    }

    static func toolResponse(id: String?, response: JSONValue) -> JSONValue {
        var members: [JSONValue.Member] = [.init("type", "tool_call_response")]
        if let id { members.append(.init("id", .string(id))) }
        members.append(.init("response", response))
        return .object(members)
    }

    static func reasoning(_ content: String) -> JSONValue {
        ["type": "reasoning", "content": .string(content)]
    }

    static func refusal(_ content: String) -> JSONValue {
        ["type": "generic", "generic_type": "refusal", "content": .string(content)]
    }

    /// A part for media at a URL; data URLs become blobs.
    static func media(_ url: String, modality: String, mimeType: String? = nil) -> JSONValue {
        guard url.hasPrefix("data:"), let comma = url.firstIndex(of: ",") else {
            var members: [JSONValue.Member] = [
                .init("type", "uri"), .init("modality", .string(modality)),
            ]
            if let mimeType { members.append(.init("mime_type", .string(mimeType))) }
            members.append(.init("uri", .string(url)))
            return .object(members)
        }
        let header = url[..<comma].dropFirst(5)
        let declared = header.prefix { $0 != ";" }
        return blob(
            String(url[url.index(after: comma)...]), modality: modality,
            mimeType: declared.isEmpty ? mimeType : String(declared))
    }

    static func blob(_ content: String, modality: String, mimeType: String?) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("type", "blob"), .init("modality", .string(modality)),
        ]
        if let mimeType { members.append(.init("mime_type", .string(mimeType))) }
        members.append(.init("content", .string(content)))
        return .object(members)
    }

    /// The parts of a message's content: text, a block, or blocks.
    func parts(of content: JSONValue?) -> [JSONValue] {
        switch content {
        case nil, .null: []
        case .string(let text): text.isEmpty ? [] : [Self.text(text)]
        case .array(let blocks): blocks.compactMap { part($0) }
        case .some(let value): part(value).map { [$0] } ?? []
        }
    }

    /// One block as a part; nil where it says nothing.
    func part(_ block: JSONValue) -> JSONValue? {
        guard let members = block.object else {
            guard !block.isBlank else { return nil }
            return Self.text(block.asText)
        }
        if block["type"]?.string == nil, let untyped = untypedPart(block) { return untyped }
        let type = block.first(of: "type", "block_type")?.string ?? guessedType(of: block)
        if Self.conventional.contains(type) { return conventionalPart(block, type) }
        switch partTypes?.apply(type) ?? type {
        case "text": return textPart(block)
        case "reasoning":
            return reasoningPart(block)
        case "tool_call":
            let function = block["function"] ?? block
            return Self.toolCall(
                id: block.first(of: "tool_call_id", "call_id", "toolCallId", "id")?.asText,
                name: function.first(of: "name", "toolName")?.asText,
                arguments: function.first(of: "arguments", "input", "args"))
        case "tool_call_response": return responsePart(block)
        case "uri", "uri_or_blob": return mediaPart(block, type)
        case "blob":
            let audio = block.first(of: "input_audio", "source") ?? block
            return Self.blob(
                audio.first(of: "data", "content")?.asText ?? "",
                modality: type.contains("audio") ? "audio" : modality(of: type),
                mimeType: audio.first(of: "mime_type", "media_type")?.string
                    ?? audio["format"]?.string.map { "audio/\($0)" })
        case "file": return filePart(block["file"] ?? block)
        default:
            let rest = members.filter { $0.name != "type" }
            return .object(
                [.init("type", "generic"), .init("generic_type", .string(type))] + rest)
        }
    }

    private func guessedType(of block: JSONValue) -> String {
        if block["text"] != nil { return "text" }
        if block["image_url"] != nil { return "image_url" }
        if block["function"] != nil || block["arguments"] != nil || block["toolName"] != nil {
            return "tool_call"
        }
        return "unknown"
    }

    /// Reasoning; nil where the provider keeps it to itself.
    private func reasoningPart(_ block: JSONValue) -> JSONValue? {
        if let content = block.first(of: "content", "thinking", "reasoning", "text", "data"),
            !content.isBlank
        {
            return Self.reasoning(content.asText)
        }
        let summary = (block["summary"]?.array ?? []).compactMap { $0["text"]?.string }
        guard !summary.isEmpty else { return nil }
        return Self.reasoning(summary.joined(separator: "\n"))
    }

    private func textPart(_ block: JSONValue) -> JSONValue? {
        let content = block.first(of: "content", "text")
        guard let content, !content.isBlank else { return nil }
        return Self.text(content.asText)
    }

    /// A part that says it is conventional, with what libraries get wrong put right.
    private func conventionalPart(_ block: JSONValue, _ type: String) -> JSONValue? {
        switch type {
        case "text":
            if let content = block["content"], content.string != nil {
                guard !content.isBlank else { return nil }
                return block
            }
            return textPart(block)
        case "tool_call":
            guard block["name"]?.string != nil, let arguments = block["arguments"] else {
                let function = block["function"] ?? block
                return Self.toolCall(
                    id: block.first(of: "tool_call_id", "call_id", "toolCallId", "id")?.asText,
                    name: function.first(of: "name", "toolName")?.asText,
                    arguments: function.first(of: "arguments", "input", "args"))
            }
            let unwrapped = arguments.unwrapped
            return unwrapped == arguments ? block : block.replacing("arguments", with: unwrapped)
        case "tool_call_response": return block["response"] == nil ? responsePart(block) : block
        case "reasoning":
            if block["content"]?.string != nil { return block }
            return reasoningPart(block)
        case "file":
            return block["file_id"] != nil || block["modality"] != nil
                ? block : filePart(block["file"] ?? block)
        case "uri":
            guard let url = block["uri"]?.string, url.hasPrefix("data:") else { return block }
            return Self.media(url, modality: block["modality"]?.string ?? "image")
        default: return block
        }
    }

    private func responsePart(_ block: JSONValue) -> JSONValue {
        Self.toolResponse(
            id: block.first(of: "tool_use_id", "tool_call_id", "call_id", "toolCallId", "id")?
                .asText,
            response: Self.response(
                block.first(of: "response", "result", "content", "output") ?? .null))
    }

    /// A result out of the wrapping that names its kind: `{"type":"json","value":…}`.
    private static func response(_ value: JSONValue) -> JSONValue {
        guard let inner = value["value"], value["type"]?.string != nil else { return value }
        return inner
    }

    private func mediaPart(_ block: JSONValue, _ type: String) -> JSONValue? {
        let modality = modality(of: type)
        if let source = block["source"], let data = source["data"]?.string {
            return Self.blob(
                data, modality: modality,
                mimeType: source.first(of: "media_type", "mime_type")?.string)
        }
        let holder = block.first(of: "image_url", "image", "audio", "url", "uri", "source")
        guard let url = holder?.string ?? holder?.first(of: "url", "uri")?.string else {
            return .object(
                [.init("type", "generic"), .init("generic_type", .string(type))]
                    + (block.object ?? []).filter { $0.name != "type" })
        }
        return Self.media(url, modality: modality)
    }

    private func filePart(_ file: JSONValue) -> JSONValue {
        if let data = file["file_data"]?.string {
            return Self.media(data, modality: "document")
        }
        return [
            "type": "file", "modality": "document",
            "file_id": .string(file.first(of: "file_id", "id")?.asText ?? ""),
        ]
    }

    private func modality(of type: String) -> String {
        for modality in ["image", "audio", "video", "document"] where type.contains(modality) {
            return modality
        }
        return "image"
    }
}

extension JSONValue {
    /// The object without a member.
    func removing(_ name: String) -> JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { $0.name != name })
    }

    /// The object with another value for a member.
    func replacing(_ name: String, with value: JSONValue) -> JSONValue {
        guard case .object(var members) = self else { return self }
        if let place = members.lastIndex(where: { $0.name == name }) {
            members[place].value = value
        } else {
            members.append(Member(name, value))
        }
        return .object(members)
    }
}
