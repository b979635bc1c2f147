import OTLP

/// Which model was asked, how, and what that took.
extension SpanStatement {
    mutating func writeModel() {
        let (requested, answering) = (text("gen_ai.request.model"), text("gen_ai.response.model"))
        if let model = answering ?? requested {
            let name: String
            switch kind {
            case .embedding: name = "embedding.model_name"
            case .reranker: name = "reranker.model_name"
            default: name = "llm.model_name"
            }
            add(name, .string(model))
        }
        // The one name above cannot tell the requested model from the one that answered.
        rename("gen_ai.request.model", "llm.request.model_name")
        rename("gen_ai.response.model", "llm.response.model_name")
        writeProvider()
    }

    private mutating func writeProvider() {
        guard let provider = text("gen_ai.provider.name") else { return }
        let words = Self.providers[provider]
        let isExact = add("llm.provider", .string(words?.provider ?? provider))
        if let system = words?.system { add("llm.system", .string(system)) }
        // Google's and Microsoft's services share one word.
        if isExact, words?.isUnique ?? true { replace("gen_ai.provider.name") }
    }

    private struct ProviderWords {
        var provider: String
        var system: String?
        var isUnique = true
    }

    /// Source: `OpenInferenceLLMProviderValues` and `OpenInferenceLLMSystemValues`.
    private static let providers: [String: ProviderWords] = [
        "openai": .init(provider: "openai", system: "openai"),
        "anthropic": .init(provider: "anthropic", system: "anthropic"),
        "cohere": .init(provider: "cohere", system: "cohere"),
        "mistral_ai": .init(provider: "mistralai", system: "mistralai"),
        "x_ai": .init(provider: "xai"),
        "aws.bedrock": .init(provider: "aws"),
        "azure.ai.openai": .init(provider: "azure", system: "openai"),
        "azure.ai.inference": .init(provider: "azure", isUnique: false),
        "gcp.gen_ai": .init(provider: "google"),
        "gcp.gemini": .init(provider: "google", isUnique: false),
        "gcp.vertex_ai": .init(provider: "google", system: "vertexai", isUnique: false),
    ]

    /// The parameters are one JSON object in OpenInference, under the names of the provider's API.
    mutating func writeParameters() {
        let key = "llm.invocation_parameters"
        guard value(key) == nil else { return }
        var members: [JSONValue.Member] = []
        for (canonical, name) in Self.parameters {
            guard let value = value(canonical) else { continue }
            members.append(.init(name, JSONValue(value)))
            // A number that JSON cannot hold is text there; one choice is what nobody mentions.
            if case .double(let number) = value, !number.isFinite { continue }
            if name != "n" || value != 1 { replace(canonical) }
        }
        guard !members.isEmpty else { return }
        if let model = text("gen_ai.request.model") {
            members.insert(.init("model", .string(model)), at: 0)
        }
        add(key, .string(JSONValue.object(members).text))
    }

    private static let parameters = [
        ("gen_ai.request.max_tokens", "max_tokens"),
        ("gen_ai.request.temperature", "temperature"), ("gen_ai.request.top_p", "top_p"),
        ("gen_ai.request.top_k", "top_k"),
        ("gen_ai.request.frequency_penalty", "frequency_penalty"),
        ("gen_ai.request.presence_penalty", "presence_penalty"),
        ("gen_ai.request.seed", "seed"), ("gen_ai.request.stop_sequences", "stop"),
        ("gen_ai.request.choice.count", "n"), ("gen_ai.request.stream", "stream"),
        ("gen_ai.request.reasoning.level", "reasoning_effort"),
    ]

    /// Backends add up the counts of all spans, so a span that repeats those below it keeps them to
    /// the canonical attributes.
    mutating func writeCounts() {
        guard [.llm, .embedding].contains(kind) else { return }
        for (canonical, name) in Self.counts { rename(canonical, name) }
    }

    private static let counts = [
        ("gen_ai.usage.input_tokens", "llm.token_count.prompt"),
        ("gen_ai.usage.output_tokens", "llm.token_count.completion"),
        ("gen_ai.usage.total_tokens", "llm.token_count.total"),
        ("gen_ai.usage.cache_read.input_tokens", "llm.token_count.prompt_details.cache_read"),
        ("gen_ai.usage.cache_write.input_tokens", "llm.token_count.prompt_details.cache_write"),
        ("gen_ai.usage.audio.input_tokens", "llm.token_count.prompt_details.audio"),
        (
            "gen_ai.usage.reasoning.output_tokens",
            "llm.token_count.completion_details.reasoning"
        ),
        ("gen_ai.usage.audio.output_tokens", "llm.token_count.completion_details.audio"),
        ("gen_ai.usage.cost", "llm.cost.total"), ("gen_ai.usage.input_cost", "llm.cost.prompt"),
        ("gen_ai.usage.output_cost", "llm.cost.completion"),
    ]

    /// Names of agents, sessions and prompts, and the application's own data.
    mutating func writeNames() {
        rename("gen_ai.agent.name", "agent.name")
        rename("gen_ai.conversation.id", "session.id")
        rename("gen_ai.prompt.name", "prompt.id")
        rename("gen_ai.prompt.version", "llm.prompt_template.version")
        rename("ext.prompt.template", "llm.prompt_template.template")
        rename("tags", "tag.tags")
        addObject(of: "gen_ai.prompt.variable.", as: "llm.prompt_template.variables")
        addObject(of: "ext.metadata.", as: "metadata")
    }

    /// Keys with a common beginning are members of one JSON object in OpenInference. They stay
    /// beside it, since readers of it do not know their types.
    private mutating func addObject(of prefix: String, as name: String) {
        let members = values(prefix: prefix).map { key, value in
            JSONValue.Member(String(key.dropFirst(prefix.count)), JSONValue(value))
        }
        if !members.isEmpty { add(name, .string(JSONValue.object(members).text)) }
    }
}
