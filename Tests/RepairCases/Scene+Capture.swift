public import OTLP

extension Scene {
    /// A healthy capture of a real library as a scene: its reported tree is the truth.
    ///
    /// Texts are not read from captures, so that only times and threads decide here.
    /// - Returns: nil where a parent is not in the batch or a span id repeats.
    public init?(capture batch: TraceBatch) {
        var places: [SpanKey: Int] = [:]
        for (place, span) in batch.spans.enumerated() {
            guard places.updateValue(place, forKey: span.key) == nil else { return nil }
        }
        var parent: [Int] = []
        for span in batch.spans {
            guard span.parentSpanID.isValid else {
                parent.append(-1)
                continue
            }
            let key = SpanKey(traceID: span.traceID, spanID: span.parentSpanID)
            guard let place = places[key] else { return nil }
            parent.append(place)
        }
        let count = batch.spans.count
        self.init(
            batch: batch, parent: parent, role: batch.spans.map { Role($0, in: batch) },
            process: batch.spans.map { Int(batch.scopes[Int($0.scope)].resource) },
            thread: [Int](repeating: 0, count: count),
            hints: [[String]](repeating: [], count: count))
    }
}

extension Scene.Role {
    /// What a library says of its span, in any of the usual words.
    init(_ span: SpanRecord, in batch: TraceBatch) {
        let told = { (key: String) -> String in
            batch.value(key, in: span.attributes)?.stringValue?.lowercased() ?? ""
        }
        let kinds = [
            "gen_ai.operation.name", "openinference.span.kind", "traceloop.span.kind",
            "agentops.span.kind", "langfuse.observation.type",
        ].map(told)
        let has = { (words: Set<String>) in kinds.contains { words.contains($0) } }
        if has(["chat", "llm", "embeddings", "embedding", "generation", "text_completion"]) {
            self = .model
        } else if has(["execute_tool", "tool"]) {
            self = .tool
        } else if has(["invoke_agent", "agent"]) {
            self = .agent
        } else if !told("db.system").isEmpty || !told("db.system.name").isEmpty {
            self = .database
        } else if span.kind == 3 {
            self = .client
        } else {
            self = span.kind == 2 ? .server : .step
        }
    }
}
