import OTLP

extension TraceBatch {
    /// The text of a span's attribute; nil for other kinds and where there is none.
    func text(_ key: String, of span: SpanRecord) -> String? {
        value(key, in: span.attributes)?.stringValue
    }

    /// The name of the agent whose span this is, where it is one.
    ///
    /// First what Agent-lightning's adapters look at, in their order, then the conventions' key.
    func agentName(of span: SpanRecord) -> String? {
        text("agent.name", of: span)
            ?? named("operation.name", where: "agentops.span.kind", of: span)
            ?? text("recipient_agent_type", of: span)
            ?? text("langchain.chain.type", of: span)
            ?? text("executor.id", of: span)
            ?? named("agentlightning.operation.input.name", where: "type", of: span)
            ?? (bytes(span.name).starts(with: "langchain.Chain.".utf8)
                ? text("lc_name", of: span) : nil)
            ?? text("gen_ai.agent.name", of: span)
    }

    private func named(_ key: String, where kind: String, of span: SpanRecord) -> String? {
        guard let found = attribute(kind, in: span.attributes),
            case .string(let slice) = found.value,
            text(slice, equals: "agent")
        else { return nil }
        return text(key, of: span)
    }
}
