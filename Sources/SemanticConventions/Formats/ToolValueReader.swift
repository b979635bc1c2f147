import OTLP

/// Reads the arguments and the result of a tool out of what frameworks wrap around them.
enum ToolValueReader {
    /// Decorators write `{"args":[],"kwargs":{…}}`, LangChain's callbacks `{"inputs":{…},…}`. A
    /// JSON Schema is the tool's definition and no arguments.
    static func arguments(_ value: JSONValue) -> JSONValue? {
        let document = value.unwrapped
        guard let members = document.object else { return value }
        if document["properties"]?.object != nil, document["type"] == "object" { return nil }
        if let kwargs = document["kwargs"], kwargs.object != nil,
            members.allSatisfy({ $0.name == "kwargs" || ($0.name == "args" && $0.value.isBlank) })
                || (document["args"]?.isBlank == true && !kwargs.isBlank)
        {
            return kwargs
        }
        if document["input_str"] != nil {
            if let inputs = document["inputs"], inputs.object != nil { return inputs }
            if let inputs = document["input_str"]?.unwrapped, inputs.object != nil { return inputs }
        }
        // What is JSON stays the text that it is; a Python literal becomes JSON.
        if let text = value.string, (try? JSONValue(parsing: text)) == nil { return document }
        return value
    }

    /// The content of a LangChain message that was made text: `content='…' tool_call_id='…'`.
    private static func content(ofMessageText text: String) -> String? {
        guard text.hasPrefix("content='") || text.hasPrefix("content=\""),
            let mark = text.dropFirst(8).first,
            text.contains(" tool_call_id=\(mark)")
                || text.contains(" tool_call_id='")
        else { return nil }
        let rest = String(text.dropFirst(9))
        let ends = ["name=", "id=", "tool_call_id=", "additional_kwargs="].compactMap {
            rest.range(of: "\(mark) \($0)")?.lowerBound
        }
        return ends.min().map { String(rest[..<$0]) }
    }

    /// A tool's result out of its wrapping: LangChain's message, itself in an object for its
    /// callbacks; LlamaIndex's output; one block of text; text that is written as JSON.
    static func result(_ value: JSONValue) -> JSONValue? {
        if let text = value.string, text.hasPrefix("\""), let inner = try? JSONValue(parsing: text)
        {
            return inner
        }
        if let text = value.string, let content = content(ofMessageText: text) {
            return .string(content)
        }
        let document = value.unwrapped
        if let blocks = document.array, blocks.count == 1, let text = blocks[0]["text"]?.string,
            blocks[0].object?.allSatisfy({ $0.name == "text" || $0.name == "type" }) == true
        {
            return .string(text)
        }
        guard document.object != nil else { return value }
        if let raw = document["raw_output"], document["raw_input"] != nil { return raw }
        let message = document["output"] ?? document
        let body = message.first(of: "kwargs", "data") ?? message
        guard body["tool_call_id"] != nil, let content = body["content"] else { return value }
        return content
    }
}
