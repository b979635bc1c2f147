public import OTLP

extension LogBatch {
    /// The records that hold GenAI content, as events of the spans that they name.
    public consuming func generativeEvents() -> TraceBatch {
        spanEvents { batch, record in batch.isGenerative(record) }
    }

    /// The event's name or an attribute is of the GenAI conventions.
    private func isGenerative(_ record: LogRecord) -> Bool {
        let prefix = "gen_ai.".utf8
        if content.bytes(eventName(of: record)).starts(with: prefix) { return true }
        return content.attributes(record.attributes).contains {
            content.bytes($0.key).starts(with: prefix)
        }
    }
}
