import OTLP

/// The attributes of normalised spans that the repair reads.
enum RepairKey {
    case operation, stepKind, responseID, inputTokens, outputTokens, thread, http, database
    case messaging, method, url, path, port, status, agentName

    /// The key that a slice holds; nil for all others. No text is made.
    init?(_ key: Slice, in batch: TraceBatch) {
        let is_ = { (text: StaticString) in batch.text(key, equals: text) }
        switch key.length {
        case 9 where is_("thread.id"): self = .thread
        case 8 where is_("url.full"): self = .url
        case 8 where is_("url.path"): self = .path
        case 9 where is_("db.system"): self = .database
        case 8 where is_("http.url"): self = .url
        case 10 where is_("agent.name"): self = .agentName
        case 11 where is_("http.method"): self = .method
        case 11 where is_("http.target"): self = .path
        case 11 where is_("server.port"): self = .port
        case 10 where is_("rpc.system"): self = .http
        case 13 where is_("ext.step.kind"): self = .stepKind
        case 14 where is_("db.system.name"): self = .database
        case 15 where is_("rpc.system.name"): self = .http
        case 16 where is_("messaging.system"): self = .messaging
        case 17 where is_("gen_ai.agent.name"): self = .agentName
        case 18 where is_("gen_ai.response.id"): self = .responseID
        case 19 where is_("http.request.method"): self = .method
        case 19 where is_("messaging.operation"): self = .messaging
        case 25 where is_("http.response.status_code"): self = .status
        case 21 where is_("gen_ai.operation.name"): self = .operation
        case 24 where is_("messaging.operation.type"): self = .messaging
        case 25 where is_("gen_ai.usage.input_tokens"): self = .inputTokens
        case 26 where is_("gen_ai.usage.output_tokens"): self = .outputTokens
        default: return nil
        }
    }
}
