import OTLP
import TrainingContent

/// The model calls of a run as conversations in the OpenAI chat format.
///
/// Source of the shape: `TraceToMessages` of Agent-lightning 0.3.
struct Messages {
    private(set) var skipped: [SkippedSpan]
    /// In causal order.
    let calls: [ModelCall]
    private let batch: TraceBatch

    init(_ batch: TraceBatch) {
        let found = ModelCalls(batch)
        self.batch = batch
        calls = found.calls.sorted { $0.span < $1.span }
        skipped = found.skipped
    }

    /// `{"messages": […], "tools": […] or null}` for each choice of an answer; none for a call that
    /// is no whole conversation, which is told.
    mutating func json(of index: Int) -> [JSONValue] {
        let call = calls[index]
        let answers = answers(of: call)
        let prompt = prompt(of: call)
        guard !prompt.isEmpty else {
            skip(
                call, .noPrompt,
                answers.isEmpty
                    ? "names no messages: its library may not record them"
                    : "names no prompt: its library may not record it")
            return []
        }
        guard answers.contains(where: { !$0.isEmpty }) else {
            skip(call, .noAnswer, "has no answer")
            return []
        }
        var leftOut: [String] = []
        do {
            var start = ChatConversation()
            for message in prompt { try start.add(message) }
            var conversations: [ChatConversation] = []
            if areChoices(answers, of: call) {
                for answer in answers {
                    var conversation = start
                    try conversation.add(answer)
                    conversations.append(conversation)
                }
            } else {
                for answer in answers where !answer.isEmpty { try start.add(answer) }
                conversations = [start]
            }
            leftOut = conversations.flatMap(\.leftOut)
            let tools = tools(of: call, leftOut: &leftOut)
            if !leftOut.isEmpty {
                skip(
                    call, .partsLeftOut,
                    "is read without what the chat format has no place for: "
                        + Set(leftOut).sorted().joined(separator: ", "))
            }
            return conversations.map { ["messages": .array($0.messages), "tools": tools] }
        } catch {
            skip(call, .notInChatFormat, error.reason)
            return []
        }
    }

    private mutating func skip(
        _ call: ModelCall, _ cause: SkippedSpan.Cause, _ reason: String
    ) {
        skipped.append(SkippedSpan(call.span, of: batch, cause, reason))
    }

    private func document(_ key: String, of call: ModelCall) -> [JSONValue] {
        batch.attribute(key, ofFirst: call.tellers)
            .flatMap { JSONValue(content: batch.anyValue(of: $0)).array } ?? []
    }

    private func messages(_ key: String, of call: ModelCall) -> [CanonicalMessage] {
        document(key, of: call).map { CanonicalMessage($0) }
    }

    /// What the model said, by the first span that names the ids of its tool calls, if one does.
    private func answers(of call: ModelCall) -> [CanonicalMessage] {
        var first: [CanonicalMessage]?
        for span in call.tellers {
            let attributes = batch.spans[span].attributes
            guard let value = batch.value("gen_ai.output.messages", in: attributes) else {
                continue
            }
            let answers = (JSONValue(content: value).array ?? []).map { element in
                var answer = CanonicalMessage(element)
                // Whatever a library calls it, such as "unknown" for a part of a stream.
                answer.role = "assistant"
                return answer
            }
            if answers.allSatisfy({ $0.toolCalls.allSatisfy { $0.id != nil } }) { return answers }
            first = first ?? answers
        }
        return first ?? []
    }

    /// The messages of the history, after what was instructed beside it.
    private func prompt(of call: ModelCall) -> [CanonicalMessage] {
        let history = messages("gen_ai.input.messages", of: call)
        let parts = document("gen_ai.system_instructions", of: call)
        guard !parts.isEmpty else { return history }
        let instructions = CanonicalMessage(role: "system", parts: parts)
        let isRepeated =
            history.first?.role == "system" && history.first?.content == instructions.content
        return isRepeated ? history : [instructions] + history
    }

    /// Whether each answer is one of several to choose from; else they follow each other.
    private func areChoices(_ answers: [CanonicalMessage], of call: ModelCall) -> Bool {
        guard answers.count > 1 else { return false }
        let count = batch.attribute("gen_ai.request.choice.count", ofFirst: call.tellers)
        if let count = count.flatMap({ batch.anyValue(of: $0).intValue }) { return count > 1 }
        return answers.allSatisfy { $0.finishReason != nil }
    }

    private func tools(of call: ModelCall, leftOut: inout [String]) -> JSONValue {
        let definitions = document("gen_ai.tool.definitions", of: call)
        var tools: [JSONValue] = []
        for definition in definitions {
            let function = definition["function"] ?? definition
            guard let name = function["name"]?.string,
                definition["type"] == nil || definition["type"]?.string == "function"
            else {
                leftOut.append("tool \(definition["type"]?.string ?? "without a name")")
                continue
            }
            let parameters = function["parameters"] ?? .null
            tools.append([
                "type": "function",
                "function": [
                    "name": .string(name), "description": .string(function.text("description")),
                    "parameters": parameters == .null ? .object([]) : parameters,
                ],
            ])
        }
        return tools.isEmpty ? .null : .array(tools)
    }
}

extension CanonicalMessage {
    var isEmpty: Bool {
        content.isEmpty && toolCalls.isEmpty && toolResponses.isEmpty && refusal == nil
    }
}
