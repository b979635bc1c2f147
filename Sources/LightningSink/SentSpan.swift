import Mending
import OTLP
import SemanticConventions
import TrainingContent

/// A span as the store's adapters are to read it.
///
/// The place where the store's dialect is spoken: what its adapters look for by name of span or
/// attribute is put there from the canonical attributes.
struct SentSpan {
    private(set) var name: String
    /// In shapes that the store takes.
    private(set) var attributes: [KeyValue]
    /// What the model asked for, where the span is a call that counts.
    private(set) var toolCalls: [CanonicalMessage.ToolCall] = []
    /// The thing asked for that the span, a child of a call, tells the adapters of already.
    private(set) var toldCallID: String?

    init(_ place: Int, of run: MendedRun, calls: ModelCalls) {
        let batch = run.batch
        let span = batch.spans[place]
        name = batch.string(span.name)
        attributes = StoreValue.flattened(batch.keyValues(span.attributes))
        if calls.isCall(place) {
            speakAsCall(place, of: run, calls)
        } else {
            AdapterSafety.hide(&attributes) { AdapterSafety.isOfCall($0.key) }
            if Self.isCallName(name) { rename(to: Self.plainName(calls.facts[place])) }
        }
        if let parent = calls.tree.parent(of: place), calls.isCall(parent) {
            toldCallID = Self.toldCallID(attributes)
            if toldCallID == nil {
                // The adapter takes every child with such a key for a thing that the call asked for.
                AdapterSafety.hide(&attributes) { AdapterSafety.isOfToolCall($0.key) }
            }
        }
        nameAgent(place, calls)
        Rewards.repair(&attributes)
        let name = name
        AdapterSafety.hide(&attributes) { AdapterSafety.isMalformedReward($0, spanName: name) }
    }

    /// The span that tells the adapters of one thing that a call asked for, hung below the call.
    init(_ call: CanonicalMessage.ToolCall, id: String) {
        name = "tool_call.\(call.name)"
        attributes = [
            KeyValue("tool.name", .string(call.name)),
            KeyValue("tool.parameters", .string(call.arguments)),
            KeyValue("tool.call.id", .string(id)),
            KeyValue("tool.call.type", "function"),
            KeyValue(MendingAttribute.placeholder, true),
        ]
    }

    private mutating func speakAsCall(_ place: Int, of run: MendedRun, _ calls: ModelCalls) {
        let content = CallContent(place, of: run, witnesses: calls.witnesses(of: place))
        attributes.removeAll { Self.isRewritten($0.key, by: content) }
        AdapterSafety.hide(&attributes) {
            AdapterSafety.isMalformedInCall($0.key) || Self.isUnread($0.key)
        }
        attributes += content.attributes(existing: Set(attributes.map(\.key)))
        if calls.facts[place].responseID == nil, calls.isBelowCall(place),
            !attributes.contains(where: { $0.key == "gen_ai.response.id" })
        {
            // Below another call the adapter skips calls that have none.
            let id = run.batch.spans[place].spanID
            attributes.append(KeyValue("gen_ai.response.id", .string("span-\(id)")))
        }
        toolCalls = content.toolCalls
        if !Self.isCallName(name) { rename(to: Self.callName) }
    }

    private mutating func rename(to new: String) {
        attributes.append(KeyValue(Self.originalName, .string(name)))
        name = new
    }

    private mutating func nameAgent(_ place: Int, _ calls: ModelCalls) {
        AdapterSafety.hide(&attributes) { AdapterSafety.namesNobody($0) }
        if calls.isNamedAgent(place), let agent = calls.facts[place].agentName {
            attributes.removeAll { $0.key == "agent.name" }
            attributes.append(KeyValue("agent.name", .string(agent)))
        } else if calls.isBelowNamedAgent(place) {
            AdapterSafety.hide(&attributes) { AdapterSafety.namesAgent($0.key) }
        }
    }

    /// The id of what a call asked for, where everything is there that the adapter needs of it.
    private static func toldCallID(_ attributes: [KeyValue]) -> String? {
        let told = attributes.filter { AdapterSafety.isOfToolCall($0.key) }
        let keys: Set = ["tool.name", "tool.parameters", "tool.call.id", "tool.call.type"]
        guard Set(told.map(\.key)) == keys,
            told.allSatisfy({ $0.value.stringValue != nil })
        else { return nil }
        return told.last { $0.key == "tool.call.id" }?.value.stringValue
    }

    private static func isRewritten(_ key: String, by content: CallContent) -> Bool {
        key.hasPrefix("gen_ai.prompt.") && content.hasPrompt
            || key.hasPrefix("gen_ai.completion.") && content.hasCompletion
            || key.hasPrefix("gen_ai.request.functions.") && content.hasFunctions
    }

    /// What is left of the library's own messages after the rewriting was not readable.
    private static func isUnread(_ key: String) -> Bool {
        key.hasPrefix("gen_ai.prompt.") || key.hasPrefix("gen_ai.completion.")
            || key.hasPrefix("gen_ai.request.functions")
    }

    private static func isCallName(_ name: String) -> Bool { name.contains(callName) }

    private static func plainName(_ facts: SpanFacts) -> String {
        [facts.operation, facts.requestModel].compactMap { $0 }.joined(separator: " ")
    }

    /// What the default adapter looks for in a span's name.
    private static let callName = "openai.chat.completion"
    private static let originalName = "tracemend.original.span.name"
}
