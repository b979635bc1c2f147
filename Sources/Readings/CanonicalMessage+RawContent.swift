import OTLP
import TrainingContent

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
