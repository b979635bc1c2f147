import OTLP

extension PartReader {
    /// The value can only be a content block, and no data of the application.
    func isBlock(_ value: JSONValue) -> Bool {
        value["type"]?.string != nil || value["parts"] != nil || value["toolName"] != nil
            || value.object?.map(\.name) == ["text"] || untypedPart(value) != nil
    }

    /// Blocks whose member names say what they are, as Bedrock, Gemini and Haystack write them;
    /// nil for other blocks.
    func untypedPart(_ block: JSONValue) -> JSONValue? {
        if let kind = block["part_kind"]?.string { return pydanticPart(block, kind) }
        if let call = block.first(
            of: "toolUse", "functionCall", "function_call", "tool_call", "toolRequest"),
            call.object != nil
        {
            return Self.toolCall(
                id: call.first(of: "toolUseId", "id", "ref")?.asText,
                name: call.first(of: "name", "tool_name")?.asText,
                arguments: call.first(of: "input", "args", "arguments"))
        }
        if let result = block["toolResult"] {
            return Self.toolResponse(
                id: result["toolUseId"]?.asText, response: onlyText(result["content"] ?? .null))
        }
        if let response = block.first(of: "functionResponse", "function_response") {
            return Self.toolResponse(
                id: response.first(of: "id", "name")?.asText,
                response: response["response"] ?? .null)
        }
        if let result = block["toolResponse"] {
            return Self.toolResponse(
                id: result.first(of: "ref", "name")?.asText, response: result["output"] ?? .null)
        }
        if let result = block["tool_call_result"] {
            return Self.toolResponse(
                id: result["origin"]?["id"]?.asText,
                response: onlyText(result["result"] ?? .null))
        }
        if let media = block.first(of: "inlineData", "inline_data"), media["data"] != nil {
            let mimeType = media.first(of: "mimeType", "mime_type")?.string
            let modality = mimeType.map { String($0.prefix { $0 != "/" }) } ?? "image"
            return Self.blob(
                media["data"]?.asText ?? "",
                modality: modality == "application" ? "document" : modality, mimeType: mimeType)
        }
        if let reasoning = block["reasoningContent"] {
            return Self.reasoning(reasoning["reasoningText"]?["text"]?.asText ?? reasoning.asText)
        }
        if block["thought"] == true, let text = block["text"] {
            return Self.reasoning(text.asText)
        }
        return nil
    }

    private func pydanticPart(_ block: JSONValue, _ kind: String) -> JSONValue? {
        let content = block["content"] ?? .null
        switch kind {
        case "tool-call":
            return Self.toolCall(
                id: block["tool_call_id"]?.asText, name: block["tool_name"]?.asText,
                arguments: block["args"])
        case "tool-return":
            return Self.toolResponse(id: block["tool_call_id"]?.asText, response: content)
        case "thinking": return Self.reasoning(content.asText)
        default:
            guard !content.isBlank else { return nil }
            return Self.text(content.asText)
        }
    }

    /// The text of content that is one text block, else the content.
    private func onlyText(_ content: JSONValue) -> JSONValue {
        guard let blocks = content.array, blocks.count == 1,
            let text = blocks[0].first(of: "text", "json")
        else { return content }
        return text
    }
}
