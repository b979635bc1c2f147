import OTLP

/// Reads messages, whatever library wrote them, as messages of the GenAI conventions.
struct MessageReader: Sendable {
    let parts: PartReader
    let roles: ValueMap?
    let finishReasons: ValueMap?

    /// The messages of a value.
    ///
    /// - Parameter role: what a message that names no role has; "user" for the input.
    func messages(_ value: JSONValue, _ format: MessageFormat, role: String) -> [JSONValue] {
        if format == .transcript { return transcript(value.asText, role: role) }
        if format == .text {
            return value.isBlank ? [] : [Self.message(role, [PartReader.text(value.asText)])]
        }
        switch value.unwrapped {
        case .array(let elements) where format == .pydanticEvents:
            // One list holds the prompt and the choice: each goes into its document.
            return elements.filter { ($0["event.name"] == "gen_ai.choice") == (role != "user") }
                .compactMap { message($0, role: role) }
        case .array(let elements):
            // Pairs of role and text, as LangChain's users write them.
            if !elements.isEmpty, elements.allSatisfy({ isPair($0) }) {
                return elements.compactMap { pair in
                    message(["role": pair[0] ?? "", "content": pair[1] ?? ""], role: role)
                }
            }
            // A batch of conversations, as LangChain writes it: the first one counts.
            if case .array(let first)? = elements.first, elements.allSatisfy({ $0.array != nil }) {
                return first.compactMap { message($0, role: role) }
            }
            if elements.allSatisfy(isBlock), !elements.isEmpty {
                return merged(elements, role)
            }
            let messages = elements.compactMap { message($0, role: role) }
            return role == "assistant" && elements.allSatisfy(isResponseItem)
                ? joined(messages) : messages
        case .object(let members):
            let object = JSONValue.object(members)
            for name in [
                "messages", "choices", "generations", "contents", "input", "output", "replies",
                "items",
            ] {
                if object["role"] == nil, let inner = object[name], inner.array != nil {
                    return messages(inner, format, role: role)
                }
            }
            return message(object, role: role).map { [$0] } ?? []
        case let scalar:
            return scalar.isBlank ? [] : [Self.message(role, [PartReader.text(scalar.asText)])]
        }
    }

    static func message(
        _ role: String, _ parts: [JSONValue], name: String? = nil, finish: String? = nil
    ) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("role", .string(role)), .init("parts", .array(parts)),
        ]
        if let name { members.append(.init("name", .string(name))) }
        if let finish { members.append(.init("finish_reason", .string(finish))) }
        return .object(members)
    }

    /// What LangChain's instrumentations call the role of a streamed answer.
    private static let unknownRole = "unknown"

    private func isPair(_ value: JSONValue) -> Bool {
        guard let pair = value.array, pair.count == 2, let role = pair[0].string else {
            return false
        }
        return ["system", "user", "human", "assistant", "ai", "tool"].contains(role)
            && pair[1].string != nil
    }

    /// Content blocks without a message around them.
    func isBlock(_ value: JSONValue) -> Bool {
        guard value["role"] == nil, value["parts"] == nil, value["message"] == nil else {
            return false
        }
        guard let type = value["type"]?.string else {
            return parts.untypedPart(value) != nil || value.object?.map(\.name) == ["text"]
        }
        return value["data"]?.object == nil && value["kwargs"] == nil && type != "message"
            && !["human", "ai", "system", "tool", "AIMessageChunk"].contains(type)
    }

    private func merged(_ blocks: [JSONValue], _ role: String) -> [JSONValue] {
        let content = parts.parts(of: .array(blocks))
        return content.isEmpty ? [] : [Self.message(role, content)]
    }

    /// One message; nil where the value says nothing.
    func message(_ value: JSONValue, role standard: String) -> JSONValue? {
        let value = value.unwrapped
        guard value.object != nil else {
            guard !value.isBlank else { return nil }
            return Self.message(standard, [PartReader.text(value.asText)])
        }
        if isBlock(value), let part = parts.part(value) {
            let role: [String: String] = ["tool_call": "assistant", "tool_call_response": "tool"]
            return Self.message(role[part["type"]?.string ?? ""] ?? standard, [part])
        }
        if let lifted = choice(value, standard) { return lifted }
        let body = langChainBody(value) ?? value
        if DefinitionReader.definition(amongMessages: body) != nil { return nil }
        if isConventional(body) { return conventional(body, role: standard) }
        let role = self.role(of: body, wrapper: value) ?? standard
        return Self.message(
            role, content(of: body, role: role), name: body["name"]?.string,
            finish: finish(
                body.first(of: "finish_reason", "stop_reason")
                    ?? (standard == "assistant" ? body["meta"]?["finish_reason"] : nil)))
    }

    /// A choice, generation or completion around a message.
    private func choice(_ value: JSONValue, _ standard: String) -> JSONValue? {
        if let inner = value["content"], inner["parts"]?.array != nil {
            return message(inner, role: standard)
        }
        if value["parts"] != nil || value["content"] != nil { return nil }
        if let inner = value["message"], inner.object != nil {
            let reason =
                value.first(of: "finish_reason", "stop_reason")
                ?? value["generation_info"]?["finish_reason"]
            let message = message(inner, role: "assistant")
            guard let reason = finish(reason), message?["finish_reason"] == nil else {
                return message
            }
            return message?.replacing("finish_reason", with: .string(reason))
        }
        if value["role"] == nil, value["type"] == nil, let text = value["text"]?.string {
            return Self.message(
                standard, text.isEmpty ? [] : [PartReader.text(text)],
                finish: finish(value["finish_reason"]))
        }
        return nil
    }

    /// What LangChain wraps: `{"lc":1,"kwargs":{…}}` and `{"type":"human","data":{…}}`.
    private func langChainBody(_ value: JSONValue) -> JSONValue? {
        if let kwargs = value["kwargs"], kwargs.object != nil { return kwargs }
        if let data = value["data"], data.object != nil, value["type"]?.string != nil {
            return data
        }
        return nil
    }

    private func role(of body: JSONValue, wrapper: JSONValue) -> String? {
        let named =
            body["role"]?.string ?? body["type"]?.string ?? wrapper["type"]?.string
        guard let named, named != Self.unknownRole else { return nil }
        return roles?.apply(named.lowercased()) ?? named.lowercased()
    }

    private func content(of body: JSONValue, role: String) -> [JSONValue] {
        var content: [JSONValue] = []
        if let reasoning = body.first(of: "reasoning_content", "reasoning")?.string,
            !reasoning.isEmpty
        {
            content.append(PartReader.reasoning(reasoning))
        }
        let id = body["tool_call_id"]?.string ?? (role == "tool" ? body["id"]?.string : nil)
        let inner = body.first(of: "content", "parts", "_content", "blocks")
        if let id, role == "tool" || body["tool_call_id"] != nil {
            content.append(PartReader.toolResponse(id: id, response: response(inner)))
        } else {
            content += parts.parts(of: inner)
        }
        if let refusal = body["refusal"]?.string, !refusal.isEmpty {
            content.append(PartReader.refusal(refusal))
        }
        let known = Set(content.compactMap { $0["type"] == "tool_call" ? $0["id"] : nil })
        for call in toolCalls(of: body) where call["id"].map({ !known.contains($0) }) ?? true {
            content.append(call)
        }
        return content
    }

    private func response(_ content: JSONValue?) -> JSONValue {
        guard let blocks = content?.array, blocks.count == 1,
            let text = blocks[0].first(of: "content", "text", "response", "result")
        else { return content ?? .null }
        return text
    }

    private func toolCalls(of body: JSONValue) -> [JSONValue] {
        let listed =
            body["tool_calls"]?.array ?? body["additional_kwargs"]?["tool_calls"]?.array ?? []
        var calls = listed.map { call in
            let function = call["function"] ?? call
            return PartReader.toolCall(
                id: call.first(of: "id", "call_id")?.asText, name: function["name"]?.asText,
                arguments: function.first(of: "arguments", "args", "input"))
        }
        if calls.isEmpty, let function = body["function_call"], function.object != nil {
            calls.append(
                PartReader.toolCall(
                    id: nil, name: function["name"]?.asText, arguments: function["arguments"]))
        }
        return calls
    }

    /// Says role and parts already, and nothing beside them that belongs into the parts.
    private func isConventional(_ value: JSONValue) -> Bool {
        value["role"]?.string != nil && value["parts"]?.array != nil
            && value["tool_calls"] == nil && value["tool_call_id"] == nil
            && value["content"] == nil
    }

    /// A conventional message, with what libraries get wrong put right.
    private func conventional(_ value: JSONValue, role standard: String) -> JSONValue {
        var message = value
        let role = value["role"]?.string ?? ""
        if role == Self.unknownRole {
            message = message.replacing("role", with: .string(standard))
        } else if let mapped = roles?.apply(role.lowercased()), mapped != role {
            message = message.replacing("role", with: .string(mapped))
        }
        let old = value["parts"]?.array ?? []
        let new = old.compactMap { parts.part($0) }
        if new != old { message = message.replacing("parts", with: .array(new)) }
        if let reason = value["finish_reason"], reason != .null, let mapped = finish(reason),
            mapped != reason.string
        {
            message = message.replacing("finish_reason", with: .string(mapped))
        }
        return message
    }

    func finish(_ reason: JSONValue?) -> String? {
        guard let text = reason?.string, !text.isEmpty else { return nil }
        return finishReasons?.apply(text) ?? text
    }
}
