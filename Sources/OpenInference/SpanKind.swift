import OTLP

/// What a span is in OpenInference's words: the value of `openinference.span.kind`.
enum SpanKind: String {
    case llm = "LLM"
    case embedding = "EMBEDDING"
    case retriever = "RETRIEVER"
    case reranker = "RERANKER"
    case tool = "TOOL"
    case agent = "AGENT"
    case chain = "CHAIN"
    case guardrail = "GUARDRAIL"
    case evaluator = "EVALUATOR"
    case prompt = "PROMPT"

    static let key = "openinference.span.kind"

    /// The kind that the span names already, else that of its operation, else that of its step; nil
    /// where nothing was found in it that OpenInference speaks of.
    init?(of attributes: [KeyValue]) {
        func text(_ key: String) -> String? {
            attributes.last { $0.key == key }?.value.stringValue
        }
        if let named = text(Self.key), let kind = Self(rawValue: named) {
            self = kind
            return
        }
        let operation = text("gen_ai.operation.name")
        let step = text("ext.step.kind")
        if let operation, let kind = Self.operations[operation] {
            self = kind
        } else if let step, let kind = Self.steps[step] {
            self = kind
        } else if operation != nil || step != nil || text("tracemend.dialect") != nil {
            self = .chain
        } else {
            return nil
        }
    }

    private static let operations: [String: Self] = [
        "chat": .llm, "generate_content": .llm, "text_completion": .llm, "fetch_response": .llm,
        "embeddings": .embedding, "retrieval": .retriever, "search_memory": .retriever,
        "execute_tool": .tool, "invoke_agent": .agent, "create_agent": .agent, "plan": .agent,
    ]
    private static let steps: [String: Self] = [
        "rerank": .reranker, "guardrail": .guardrail, "evaluator": .evaluator, "prompt": .prompt,
    ]
}
