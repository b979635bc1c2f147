import OTLP

/// Tools, offered and called, and what was looked up.
extension SpanStatement {
    mutating func writeDefinitions() {
        let key = "gen_ai.tool.definitions"
        let definitions = content(key)?.array ?? []
        guard !definitions.isEmpty, !hasReported(prefix: "llm.tools") else { return }
        var isExact = true
        for (number, definition) in definitions.enumerated() {
            let function = (definition.object ?? []).filter { $0.name != "type" }
            let isFunction = definition["type"]?.string == "function"
            // The shape of OpenAI's API, which backends offer to send again.
            let schema: JSONValue =
                isFunction ? ["type": "function", "function": .object(function)] : definition
            append([
                KeyValue("llm.tools.\(number).tool.json_schema", .string(schema.text))
            ])
            let known: Set = ["name", "description", "parameters"]
            isExact =
                isExact && definition["name"]?.string != nil
                && (!isFunction
                    || function.allSatisfy { known.contains($0.name) && $0.value != .null })
        }
        if isExact { replace(key) }
    }

    mutating func writeTool() {
        rename("gen_ai.tool.name", "tool.name")
        rename("gen_ai.tool.description", "tool.description")
        rename("gen_ai.tool.call.id", "tool.id")
        if let arguments = value("gen_ai.tool.call.arguments") {
            let (text, type) = Self.shown(arguments)
            if add("tool_call.function.arguments", .string(text)) {
                replace("gen_ai.tool.call.arguments")
            }
            addValue("input", text, type)
        }
        if let result = value("gen_ai.tool.call.result") {
            let (text, type) = Self.shown(result)
            // Only a text is sure to come back as it was.
            if addValue("output", text, type), result.stringValue != nil {
                replace("gen_ai.tool.call.result")
            }
        }
    }

    mutating func writeRetrieval() {
        if let query = text("gen_ai.retrieval.query.text"),
            addValue("input", query, "text/plain")
        {
            replace("gen_ai.retrieval.query.text")
        }
        let key = "gen_ai.retrieval.documents"
        let documents = content(key)?.array ?? []
        guard !documents.isEmpty, !hasReported(prefix: "retrieval.documents") else { return }
        var isExact = true
        for (number, document) in documents.enumerated() {
            let prefix = "retrieval.documents.\(number).document"
            for member in document.object ?? [] {
                switch (member.name, member.value) {
                case ("id", .string(let text)), ("content", .string(let text)):
                    append([KeyValue("\(prefix).\(member.name)", .string(text))])
                case ("score", .double(let score)):
                    append([KeyValue("\(prefix).score", .double(score))])
                case ("score", .int(let score)):
                    append([KeyValue("\(prefix).score", .int(score))])
                case ("metadata", .object):
                    append([KeyValue("\(prefix).metadata", .string(member.value.text))])
                default: isExact = false
                }
            }
            isExact = isExact && document.object?.isEmpty == false
        }
        if isExact { replace(key) }
    }

    /// - Returns: whether the span says this value.
    @discardableResult
    private mutating func addValue(_ side: String, _ text: String, _ type: AnyValue) -> Bool {
        guard value("\(side).value") == nil else { return value("\(side).value") == .string(text) }
        add("\(side).value", .string(text))
        add("\(side).mime_type", type)
        return true
    }

    private static func shown(_ value: AnyValue) -> (text: String, type: AnyValue) {
        guard case .string(let text) = value else {
            return (JSONValue(value).text, "application/json")
        }
        let start = text.utf8.first { $0 > 32 }
        let mayBeJSON = start == UInt8(ascii: "{") || start == UInt8(ascii: "[")
        let isJSON = mayBeJSON && (try? JSONValue(parsing: text)) != nil
        return (text, isJSON ? "application/json" : "text/plain")
    }
}
