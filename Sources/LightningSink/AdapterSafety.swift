import Foundation
import OTLP
import TrainingContent

/// Keeps from the store's adapters what they would take for something else, or fail on.
///
/// One such attribute on one span makes an adapter fail for the whole rollout. It is not lost: it
/// stands under `tracemend.original.` followed by its key.
enum AdapterSafety {
    /// Moves the attributes whose keys the condition holds for.
    static func hide(_ attributes: inout [KeyValue], where isHidden: (KeyValue) -> Bool) {
        for index in attributes.indices where isHidden(attributes[index]) {
            attributes[index].key = hiddenPrefix + attributes[index].key
        }
    }

    /// The attributes that make a span a call of a model to an adapter.
    static func isOfCall(_ key: String) -> Bool {
        callPrefixes.contains { key.hasPrefix($0) && (key.count == $0.count || follows($0, key)) }
    }

    /// Keys of a call that its adapters cannot read: a bare prefix, numbers where names belong.
    static func isMalformedInCall(_ key: String) -> Bool {
        if unflattened.contains(key) { return true }
        for prefix in ["gen_ai.request.", "gen_ai.response."] where key.hasPrefix(prefix) {
            return key.dropFirst(prefix.count).prefix { $0 != "." }.allSatisfy(\.isNumber)
        }
        return false
    }

    /// Keys that name what a tool was asked to do, on any child of a call.
    static func isOfToolCall(_ key: String) -> Bool { key.hasPrefix("tool.") }

    /// Keys that name an agent to an adapter where the conventions see none.
    static func namesAgent(_ key: String) -> Bool {
        ["agent.name", "recipient_agent_type", "langchain.chain.type", "executor.id"].contains(key)
    }

    /// Names that stand for none, which an adapter would take for an agent's.
    static func namesNobody(_ attribute: KeyValue) -> Bool {
        guard namesAgent(attribute.key) else { return false }
        return attribute.value.stringValue?.isEmpty != false
            || attribute.value == "unknown_chain"
    }

    /// Values that an adapter would fail on while it looks for rewards.
    static func isMalformedReward(_ attribute: KeyValue, spanName: String) -> Bool {
        switch attribute.key {
        case "agentops.task.output", "agentops.entity.output":
            return !isReadableOutput(attribute.value)
        case "reward" where spanName == "agentlightning.annotation":
            return number(attribute.value) == nil
        case "logprobs.content":
            guard let text = attribute.value.stringValue else { return false }
            return (try? JSONValue(parsing: text)) == nil
        default: return false
        }
    }

    /// An object that is no reward or one with a number; or a text that is no JSON.
    private static func isReadableOutput(_ value: AnyValue) -> Bool {
        guard let text = value.stringValue else { return true }
        // Python's reader takes these for numbers, which have no members.
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        if ["NaN", "Infinity", "-Infinity"].contains(trimmed) { return false }
        guard let json = try? JSONValue(parsing: text) else {
            return !trimmed.hasPrefix("{") && !trimmed.hasPrefix("[")
        }
        switch json {
        case .object:
            guard json["type"]?.string == "reward", let value = json["value"] else { return true }
            switch value {
            case .int, .double, .null: return true
            default: return false
            }
        case .null, .bool(false), .int(0), .string(""), .array([]): return true
        default: return false
        }
    }

    /// The number that an adapter reads.
    static func number(_ value: AnyValue) -> Double? {
        if case .bytes = value { return nil }
        return JSONValue(value).rewardNumber
    }

    static let hiddenPrefix = "tracemend.original."

    private static func follows(_ prefix: String, _ key: String) -> Bool {
        key.dropFirst(prefix.count).first == "."
    }

    private static let callPrefixes = [
        "gen_ai.prompt", "gen_ai.completion", "gen_ai.request", "gen_ai.response",
    ]

    /// An adapter makes trees of what is below these, and fails where they are attributes themselves.
    private static let unflattened: Set = [
        "gen_ai.prompt", "gen_ai.completion", "gen_ai.request", "gen_ai.response",
        "agentlightning.operation.input", "agentlightning.operation.input.messages",
        "agentlightning.operation.output", "agentlightning.operation.output.choices",
    ]
}
