public import OTLP

/// What a normalised span says about itself, read in one pass over its attributes.
public struct SpanFacts: Hashable, Sendable {
    /// `gen_ai.operation.name`, such as "chat" or "execute_tool".
    public private(set) var operation: String?
    /// `gen_ai.provider.name`.
    public private(set) var provider: String?
    public private(set) var requestModel: String?
    public private(set) var responseModel: String?
    /// `gen_ai.response.id`: equal on spans that tell the same call.
    public private(set) var responseID: String?
    public private(set) var conversationID: String?
    public private(set) var agentName: String?
    public private(set) var workflowName: String?
    public private(set) var toolName: String?
    public private(set) var toolCallID: String?
    public private(set) var inputTokens: Int64?
    public private(set) var outputTokens: Int64?
    public private(set) var hasInputMessages = false
    public private(set) var hasOutputMessages = false
    /// The dialect that normalising found.
    public private(set) var dialect: String?
    /// What a step is that is no operation: "task", "raw", "tool_call_request" and so on.
    public private(set) var stepKind: String?

    /// Reads the canonical attributes of the span at an index of `batch.spans`.
    /// - Complexity: linear in the span's attributes.
    public init(of span: Int, in batch: TraceBatch) {
        for attribute in batch.attributes(batch.spans[span].attributes) {
            guard let first = batch.bytes(attribute.key).first,
                first == UInt8(ascii: "g") || first == UInt8(ascii: "e")
                    || first == UInt8(ascii: "t")
            else { continue }
            read(batch.key(of: attribute), attribute.value, batch)
        }
    }

    /// The span is one call of a model.
    public var isModelCall: Bool {
        switch operation {
        case "chat", "text_completion", "generate_content": true
        default: false
        }
    }

    private mutating func read(_ key: String, _ value: FlatValue, _ batch: TraceBatch) {
        switch value {
        case .string(let slice): read(key, text: slice, batch)
        case .int(let number):
            if key == "gen_ai.usage.input_tokens" { inputTokens = number }
            if key == "gen_ai.usage.output_tokens" { outputTokens = number }
        default: break
        }
    }

    private mutating func read(_ key: String, text slice: Slice, _ batch: TraceBatch) {
        guard !slice.isEmpty else { return }
        switch key {
        case "gen_ai.operation.name": operation = batch.string(slice)
        case "gen_ai.provider.name": provider = batch.string(slice)
        case "gen_ai.request.model": requestModel = batch.string(slice)
        case "gen_ai.response.model": responseModel = batch.string(slice)
        case "gen_ai.response.id": responseID = batch.string(slice)
        case "gen_ai.conversation.id": conversationID = batch.string(slice)
        case "gen_ai.agent.name": agentName = batch.string(slice)
        case "gen_ai.workflow.name": workflowName = batch.string(slice)
        case "gen_ai.tool.name": toolName = batch.string(slice)
        case "gen_ai.tool.call.id": toolCallID = batch.string(slice)
        case "gen_ai.input.messages": hasInputMessages = true
        case "gen_ai.output.messages": hasOutputMessages = true
        case Provenance.dialect: dialect = batch.string(slice)
        case "ext.step.kind": stepKind = batch.string(slice)
        default: break
        }
    }
}
