import OTLP
import TrainingContent

/// Messages in the OpenAI chat format, as fine-tuning takes them.
///
/// Source: https://platform.openai.com/docs/api-reference/chat/create, `messages`.
struct ChatConversation {
    private(set) var messages: [JSONValue] = []
    /// Types of parts that the format has no place for.
    private(set) var leftOut: [String] = []
    /// Ids of tool calls that have no answer yet, in order.
    private var open: [String] = []
    private var asked: Set<String> = []
    private var callsWithoutID = 0

    /// What the format cannot say.
    struct Unsayable: Error {
        var reason: String
    }

    mutating func add(_ message: CanonicalMessage) throws(Unsayable) {
        guard Self.roles.contains(message.role) else {
            throw Unsayable(
                reason: "message \(messages.count + 1) has the role \"\(message.role)\", which the "
                    + "chat format does not know")
        }
        leftOut += message.leftOut
        for response in message.toolResponses {
            messages.append([
                "role": "tool", "content": .string(response.text),
                "tool_call_id": .string(try answer(to: response.id)),
            ])
        }
        guard !isOnlyTools(message) else { return }
        var members: [JSONValue.Member] = [.init("role", .string(message.role))]
        let isSilent = message.role == "assistant" && !message.toolCalls.isEmpty
        members.append(.init("content", message.contentValue ?? (isSilent ? .null : "")))
        if message.role == "tool" {
            members.append(.init("tool_call_id", .string(try answer(to: nil))))
        } else if let name = message.name {
            members.append(.init("name", .string(name)))
        }
        if let refusal = message.refusal { members.append(.init("refusal", .string(refusal))) }
        if !message.toolCalls.isEmpty {
            members.append(.init("tool_calls", .array(message.toolCalls.map { json(of: $0) })))
        }
        messages.append(.object(members))
    }

    private func isOnlyTools(_ message: CanonicalMessage) -> Bool {
        !message.toolResponses.isEmpty && message.content.isEmpty && message.toolCalls.isEmpty
    }

    private mutating func json(of call: CanonicalMessage.ToolCall) -> JSONValue {
        let id: String
        if let given = call.id, !given.isEmpty {
            id = given
        } else {
            callsWithoutID += 1
            id = "call_\(callsWithoutID)"
        }
        open.append(id)
        asked.insert(id)
        return [
            "id": .string(id), "type": "function",
            "function": ["name": .string(call.name), "arguments": .string(call.arguments)],
        ]
    }

    /// The id of the call that an answer is for: the first open one, where the answer names none.
    private mutating func answer(to id: String?) throws(Unsayable) -> String {
        if let id, asked.contains(id) {
            open.removeAll { $0 == id }
            return id
        }
        guard id == nil || id == "", !open.isEmpty else {
            throw Unsayable(
                reason: "message \(messages.count + 1) is the answer of a tool that no message "
                    + "before it calls")
        }
        return open.removeFirst()
    }

    private static let roles: Set = ["system", "developer", "user", "assistant", "tool"]
}
