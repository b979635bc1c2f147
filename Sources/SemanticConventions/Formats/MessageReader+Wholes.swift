import OTLP

/// Conversations and answers that come in one piece.
extension MessageReader {
    /// The messages of one text; what comes before the first role is said by the standard one.
    func transcript(_ text: String, role standard: String) -> [JSONValue] {
        var said: [(role: String, lines: [Substring])] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let role = line.prefix { $0 != ":" }
            let rest = line.dropFirst(role.count)
            if rest.hasPrefix(": "), Self.spokenRoles.contains(String(role)) {
                said.append((roles?.apply(String(role)) ?? String(role), [rest.dropFirst(2)]))
            } else if said.isEmpty {
                said.append((standard, [line]))
            } else {
                said[said.count - 1].lines.append(line)
            }
        }
        return said.compactMap { message in
            let content = message.lines.joined(separator: "\n")
            return content.isEmpty ? nil : Self.message(message.role, [PartReader.text(content)])
        }
    }

    private static let spokenRoles: Set = [
        "system", "developer", "user", "assistant", "tool", "function",
    ]

    /// An item of the output of OpenAI's Responses API: all items together are one answer.
    func isResponseItem(_ value: JSONValue) -> Bool {
        guard let type = value["type"]?.string else { return false }
        return type == "message" ? value["parts"] == nil : isBlock(value) && type != "tool_call"
    }

    func joined(_ messages: [JSONValue]) -> [JSONValue] {
        let parts = messages.flatMap { $0["parts"]?.array ?? [] }
        return parts.isEmpty ? [] : [Self.message("assistant", parts)]
    }
}
