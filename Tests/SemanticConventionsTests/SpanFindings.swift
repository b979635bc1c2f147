import OTLP

/// The facts that a normalised span tells, in the form of the fixtures.
struct SpanFindings {
    let attributes: [String: AnyValue]

    static let names = [
        "op", "provider", "request", "response", "id", "agent", "tool", "call", "arguments",
        "result", "input_tokens", "output_tokens", "cache_read", "cache_write", "reasoning",
        "finish", "system", "tools", "input", "output", "prompt_ids", "response_ids", "logprobs",
        "rewards", "tags", "link",
    ]

    private static let keys = [
        "op": "gen_ai.operation.name", "provider": "gen_ai.provider.name",
        "request": "gen_ai.request.model", "response": "gen_ai.response.model",
        "id": "gen_ai.response.id", "agent": "gen_ai.agent.name", "tool": "gen_ai.tool.name",
        "call": "gen_ai.tool.call.id", "input_tokens": "gen_ai.usage.input_tokens",
        "output_tokens": "gen_ai.usage.output_tokens",
        "cache_read": "gen_ai.usage.cache_read.input_tokens",
        "cache_write": "gen_ai.usage.cache_write.input_tokens",
        "reasoning": "gen_ai.usage.reasoning.output_tokens",
        "finish": "gen_ai.response.finish_reasons", "prompt_ids": "prompt_token_ids",
        "response_ids": "response_token_ids", "tags": "tags",
    ]

    func value(of fact: String) -> JSONValue? {
        if let key = Self.keys[fact] { return attributes[key].map { Rendering.plain($0) } }
        switch fact {
        case "arguments": return text("gen_ai.tool.call.arguments")
        case "result": return text("gen_ai.tool.call.result")
        case "system":
            return document("gen_ai.system_instructions").map { parts in
                .array(parts.map { .string(Rendering.text($0["content"]?.string ?? "")) })
            }
        case "tools":
            return document("gen_ai.tool.definitions").map { tools in
                .array(tools.map { $0["name"] ?? .null })
            }
        case "input": return document("gen_ai.input.messages").map { .array($0.map(message)) }
        case "output": return document("gen_ai.output.messages").map { .array($0.map(message)) }
        case "logprobs":
            return document("logprobs.content").map { .array($0.map { $0["logprob"] ?? .null }) }
        case "rewards": return rewards
        case "link":
            guard let key = attributes["agentlightning.link.0.key_match"],
                let value = attributes["agentlightning.link.0.value_match"]
            else { return nil }
            return [Rendering.plain(key), Rendering.plain(value)]
        default: return nil
        }
    }

    private var rewards: JSONValue? {
        var rewards: [JSONValue] = []
        while let value = attributes["agentlightning.reward.\(rewards.count).value"] {
            let name = attributes["agentlightning.reward.\(rewards.count).name"] ?? .empty
            rewards.append([Rendering.plain(name), Rendering.plain(value)])
        }
        return rewards.isEmpty ? nil : .array(rewards)
    }

    private func document(_ key: String) -> [JSONValue]? {
        guard let text = attributes[key]?.stringValue else { return nil }
        return (try? JSONValue(parsing: text))?.array
    }

    private func text(_ key: String) -> JSONValue? {
        attributes[key].map { .string(Rendering.short(Rendering.unwrapped(Rendering.plain($0)))) }
    }

    /// Role, parts and the finish reason of a message.
    private func message(_ message: JSONValue) -> JSONValue {
        var words = [message["role"]?.string ?? ""]
        for part in message["parts"]?.array ?? [] { words.append(Self.part(part)) }
        if let finish = message["finish_reason"]?.string { words.append("finish \(finish)") }
        return .array(words.map { .string($0) })
    }

    private static func part(_ part: JSONValue) -> String {
        let content = Rendering.text(part["content"]?.string ?? "")
        switch part["type"]?.string {
        case "text": return "text \(content)"
        case "tool_call":
            let arguments = part["arguments"].map { Rendering.short($0) } ?? ""
            return "call \(part["name"]?.string ?? "?") \(part["id"]?.string ?? "-") \(arguments)"
        case "tool_call_response":
            let response = Rendering.short(Rendering.unwrapped(part["response"] ?? .null))
            return "result \(part["id"]?.string ?? "-") \(response)"
        case "blob":
            let (modality, type) = (part["modality"]?.string, part["mime_type"]?.string)
            return "blob \(modality ?? "?") \(type ?? "?") \(content)"
        case "uri": return "uri \(part["modality"]?.string ?? "?") \(part["uri"]?.string ?? "?")"
        default: return Rendering.json(part)
        }
    }
}

/// Values as the fixtures write them.
enum Rendering {
    /// A text, or its beginning with its length and hash.
    static func text(_ text: String) -> String {
        guard text.utf8.count > 120 else { return text }
        var beginning = String.UnicodeScalarView()
        beginning.append(contentsOf: text.unicodeScalars.prefix(80))
        let hash = text.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
        let digits = String(hash, radix: 16)
        let padded = String(repeating: "0", count: 16 - digits.count) + digits
        return "\(String(beginning))… [\(text.utf8.count) bytes, \(padded)]"
    }

    /// A text as `text(_:)` has it, another value as JSON.
    static func short(_ value: JSONValue) -> String { text(value.string ?? json(value)) }

    /// JSON with its members in order.
    static func json(_ value: JSONValue) -> String {
        switch value {
        case .array(let elements): "[" + elements.map(json).joined(separator: ",") + "]"
        case .object(let members):
            "{"
                + members.sorted { $0.name < $1.name }
                .map { json(.string($0.name)) + ":" + json($0.value) }.joined(separator: ",") + "}"
        case .double(let number):
            Int64(exactly: number).map { String($0) } ?? String(number)
        default: value.text
        }
    }

    /// JSON that is written as text, read.
    static func unwrapped(_ value: JSONValue) -> JSONValue {
        guard let text = value.string, text.hasPrefix("{") || text.hasPrefix("["),
            let inner = try? JSONValue(parsing: text)
        else { return value }
        return inner
    }

    static func plain(_ value: AnyValue) -> JSONValue {
        switch value {
        case .string(let text): .string(text)
        case .bool(let flag): .bool(flag)
        case .int(let number): .int(number)
        case .double(let number): .double(number)
        case .array(let elements): .array(elements.map { plain($0) })
        case .keyValueList(let entries): .object(entries.map { .init($0.key, plain($0.value)) })
        case .empty, .bytes: .null
        }
    }
}
