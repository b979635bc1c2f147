/// How the libraries of one program tell what it does, copied from captures of real ones.
struct Style: Sendable {
    enum Dialect: Sendable { case genAI, openInference }

    var dialect: Dialect
    /// The scope of agents, steps and tools.
    var framework: String
    /// The scope of model calls.
    var sdk: String
    var agentName: String
    var stepName: String
    var modelName: String
    /// Messages stand in the attributes.
    var tellsContent: Bool
    /// `thread.id` stands in the attributes.
    var tellsThread: Bool
    /// `gen_ai.conversation.id` stands on agents and calls.
    var tellsConversation: Bool
    /// Each turn of an agent has a span.
    var hasSteps: Bool
    /// The framework tells model calls, too.
    var hasTwins: Bool
    /// The HTTP client's spans stand below model calls.
    var hasTransport: Bool
    /// Parallel work has the same prompts, so that they tell nothing apart.
    var hasAlikePrompts: Bool

    static func random(_ random: inout SeededRandom) -> Style {
        var style = random.pick(all)
        style.tellsContent = random.chance(0.6)
        style.tellsThread = random.chance(0.35)
        style.tellsConversation = random.chance(0.3)
        style.hasSteps = random.chance(0.5)
        style.hasTwins = random.chance(0.25)
        style.hasTransport = random.chance(0.3)
        style.hasAlikePrompts = random.chance(0.4)
        return style
    }

    private init(
        _ dialect: Dialect, _ framework: String, _ sdk: String, agent: String, step: String,
        model: String
    ) {
        self.dialect = dialect
        self.framework = framework
        self.sdk = sdk
        agentName = agent
        stepName = step
        modelName = model
        tellsContent = true
        tellsThread = false
        tellsConversation = false
        hasSteps = false
        hasTwins = false
        hasTransport = false
        hasAlikePrompts = false
    }

    static let all = [
        Style(
            .genAI, "agent-runner", "opentelemetry.instrumentation.openai.v1",
            agent: "invoke_agent planner", step: "step", model: "openai.chat"),
        Style(
            .genAI, "opentelemetry.instrumentation.langchain",
            "opentelemetry.instrumentation.openai.v1", agent: "invoke_agent weather_graph",
            step: "execute_task agent", model: "openai.chat"),
        Style(
            .openInference, "openinference.instrumentation.langchain",
            "openinference.instrumentation.openai", agent: "LangGraph", step: "agent",
            model: "ChatCompletion"),
        Style(
            .openInference, "openinference.instrumentation.openai_agents",
            "openinference.instrumentation.openai", agent: "Triage", step: "turn",
            model: "ChatCompletion"),
        Style(
            .genAI, "pydantic-ai", "opentelemetry.instrumentation.anthropic",
            agent: "invoke_agent weather_agent", step: "node", model: "anthropic.chat"),
    ]
}
