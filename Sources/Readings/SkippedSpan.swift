public import OTLP

/// A span that a reading left out, and why.
public struct SkippedSpan: Hashable, Sendable {
    public var spanID: SpanID
    public var name: String
    public var cause: Cause
    /// In words, without the span's id.
    public var reason: String

    /// For programs.
    public enum Cause: String, Hashable, Sendable {
        /// A step around a call says that it is one.
        case step
        /// Another span tells the same call, and counts.
        case duplicate
        case belowReward = "below_reward"
        case partOfCall = "part_of_call"
        case unreadableReward = "unreadable_reward"
        case unmatchedReward = "unmatched_reward"
        case unreadableLogprobs = "unreadable_logprobs"
        /// No messages, or those of the prompt are missing.
        case noPrompt = "no_prompt"
        case noAnswer = "no_answer"
        /// The span was read, but for parts that the form has no place for.
        case partsLeftOut = "parts_left_out"
        /// A conversation that the chat format cannot say.
        case notInChatFormat = "not_in_chat_format"
    }

    init(_ index: Int, of batch: TraceBatch, _ cause: Cause, _ reason: String) {
        spanID = batch.spans[index].spanID
        name = batch.string(batch.spans[index].name)
        self.cause = cause
        self.reason = reason
    }

    var json: JSONValue {
        [
            "span_id": .string(spanID.description), "name": .string(name),
            "cause": .string(cause.rawValue), "reason": .string(reason),
        ]
    }
}
