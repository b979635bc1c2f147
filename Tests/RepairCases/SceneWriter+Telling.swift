import OTLP

extension SceneWriter {
    /// The operation in the words of the dialect.
    mutating func tellOperation(_ span: Int, _ operation: String, _ kind: String) {
        switch style.dialect {
        case .genAI: tell(span, [KeyValue("gen_ai.operation.name", .string(operation))])
        case .openInference: tell(span, [KeyValue("openinference.span.kind", .string(kind))])
        }
    }

    /// Only some frameworks say that a step is one.
    mutating func tellStep(_ span: Int) {
        if style.dialect == .openInference {
            tell(span, [KeyValue("openinference.span.kind", "CHAIN")])
        } else if style.framework.hasSuffix("langchain") {
            tell(span, [KeyValue("gen_ai.operation.name", "execute_task")])
        }
    }

    mutating func tellCall(
        _ span: Int, _ task: AgentTask, _ history: [Message], _ answer: [Message],
        _ response: String, _ tokens: (Int, Int)
    ) {
        tellOperation(span, "chat", "LLM")
        if style.tellsConversation { hint(span, "gen_ai.conversation.id", task.conversation) }
        switch style.dialect {
        case .genAI:
            tell(
                span,
                [
                    KeyValue("gen_ai.provider.name", "openai"),
                    KeyValue("gen_ai.request.model", "gpt-4o-mini"),
                    KeyValue("gen_ai.response.model", "gpt-4o-mini-2024-07-18"),
                    KeyValue("gen_ai.usage.input_tokens", .int(Int64(tokens.0))),
                    KeyValue("gen_ai.usage.output_tokens", .int(Int64(tokens.1))),
                ])
            hint(span, "gen_ai.response.id", response)
        case .openInference:
            tell(
                span,
                [
                    KeyValue("llm.model_name", "gpt-4o-mini-2024-07-18"),
                    KeyValue("llm.token_count.prompt", .int(Int64(tokens.0))),
                    KeyValue("llm.token_count.completion", .int(Int64(tokens.1))),
                    KeyValue("output.mime_type", "application/json"),
                    KeyValue(
                        "output.value", .string("{\"id\":\"\(response)\",\"object\":\"chat\"}")),
                ])
            remember(span, response)
        }
        guard style.tellsContent else { return }
        tellInput(span, history)
        tellOutput(span, answer)
    }

    mutating func tellInput(_ span: Int, _ messages: [Message]) {
        switch style.dialect {
        case .genAI:
            tell(span, [KeyValue("gen_ai.input.messages", .string(json(messages)))])
        case .openInference: tellFlat(span, "llm.input_messages", messages)
        }
        rememberAll(span, messages)
    }

    private mutating func tellOutput(_ span: Int, _ messages: [Message]) {
        switch style.dialect {
        case .genAI:
            tell(span, [KeyValue("gen_ai.output.messages", .string(json(messages)))])
        case .openInference: tellFlat(span, "llm.output_messages", messages)
        }
        rememberAll(span, messages)
    }

    private mutating func rememberAll(_ span: Int, _ messages: [Message]) {
        for message in messages where message.role != "system" {
            if !message.text.isEmpty { remember(span, message.text) }
            if !message.toolCall.isEmpty { remember(span, message.toolCall) }
        }
    }

    private mutating func tellFlat(_ span: Int, _ prefix: String, _ messages: [Message]) {
        for (place, message) in messages.enumerated() {
            let key = "\(prefix).\(place).message"
            tell(span, [KeyValue("\(key).role", .string(message.role))])
            if !message.text.isEmpty {
                tell(span, [KeyValue("\(key).content", .string(message.text))])
            }
            if message.role == "tool" {
                tell(span, [KeyValue("\(key).tool_call_id", .string(message.toolCall))])
            } else if !message.toolCall.isEmpty {
                let call = "\(key).tool_calls.0.tool_call"
                tell(
                    span,
                    [
                        KeyValue("\(call).id", .string(message.toolCall)),
                        KeyValue("\(call).function.name", .string(message.tool)),
                    ])
            }
        }
    }

    private func json(_ messages: [Message]) -> String {
        let parts = messages.map { message in
            var part = "{\"type\": \"text\", \"content\": \"\(message.text)\"}"
            if message.role == "tool" {
                part =
                    "{\"type\": \"tool_call_response\", \"id\": \"\(message.toolCall)\", "
                    + "\"response\": \"\(message.text)\"}"
            } else if !message.toolCall.isEmpty {
                part =
                    "{\"type\": \"tool_call\", \"id\": \"\(message.toolCall)\", "
                    + "\"name\": \"\(message.tool)\", \"arguments\": {}}"
            }
            return "{\"role\": \"\(message.role)\", \"parts\": [\(part)]}"
        }
        return "[" + parts.joined(separator: ", ") + "]"
    }
}
