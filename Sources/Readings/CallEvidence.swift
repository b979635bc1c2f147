import OTLP

/// What a span says about being a call of a model.
enum CallEvidence {
    case none
    case call
    /// The same call as another span tells, which counts instead.
    case duplicate(of: SpanID)
    /// A proxy's record of the request of the call above.
    case raw
    /// It says that it is a call, but nothing of one.
    case empty

    /// The operations that an answer of a model comes from.
    static let operations: Set<String> = ["chat", "generate_content", "text_completion"]

    init(of span: SpanRecord, in batch: TraceBatch) {
        let operation = batch.text("gen_ai.operation.name", of: span)
        if let counted = batch.text("tracemend.duplicate_of", of: span),
            let id = SpanID(hexadecimal: counted)
        {
            self = .duplicate(of: id)
        } else if batch.text("ext.step.kind", of: span) == "raw" {
            self = Self.tellsCall(span, in: batch) ? .raw : .none
        } else if let operation {
            guard Self.operations.contains(operation) else {
                self = .none
                return
            }
            let isCall =
                Self.hasAgentLightningName(span, in: batch) || Self.tellsCall(span, in: batch)
                // A program that names the operation as the conventions do means it; what a library
                // calls the kind of its span is less sure.
                || !batch.isDerived("gen_ai.operation.name", of: span)
            self = isCall ? .call : .empty
        } else if Self.hasAgentLightningName(span, in: batch) {
            self = .call
        } else {
            // Where mending found them, they are in what a function returned: the call is below it.
            let hasTokens = (TokenKeys.prompt + TokenKeys.response).contains {
                batch.attribute($0, in: span.attributes) != nil && !batch.isDerived($0, of: span)
            }
            self = hasTokens ? .call : .none
        }
    }

    /// What the adapters of Agent-lightning look for.
    private static func hasAgentLightningName(_ span: SpanRecord, in batch: TraceBatch) -> Bool {
        batch.string(span.name).contains("openai.chat.completion")
    }

    /// Frameworks make spans of steps around a call and say that these are model calls too; the call
    /// itself tells messages, tokens, a response or a failure.
    private static func tellsCall(_ span: SpanRecord, in batch: TraceBatch) -> Bool {
        if span.statusCode == 2 { return true }
        if evidence.contains(where: { batch.attribute($0, in: span.attributes) != nil }) {
            return true
        }
        return batch.attributes(span.attributes).contains { attribute in
            let key = batch.bytes(attribute.key)
            return key.starts(with: "gen_ai.prompt.".utf8)
                || key.starts(with: "gen_ai.completion.".utf8)
        }
    }

    private static let evidence =
        [
            "gen_ai.response.id", "gen_ai.response.finish_reasons", "gen_ai.input.messages",
            "gen_ai.output.messages", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens",
            "agentlightning.operation.output.id",
        ] + TokenKeys.prompt + TokenKeys.response
}

/// Where token ids and log probabilities stand. Mending writes the first of each.
///
/// Source: `TraceTree.span_to_triplet` of Agent-lightning 0.3.
enum TokenKeys {
    static let prompt = ["prompt_token_ids", "agentlightning.operation.output.prompt_token_ids"]
    static let response = [
        "response_token_ids", "agentlightning.operation.output.response_token_ids.0",
        "agentlightning.operation.output.choices.0.token_ids",
        "agentlightning.operation.output.choices.0.provider_specific_fields.token_ids",
    ]
    static let logprobs = "logprobs.content"
}
