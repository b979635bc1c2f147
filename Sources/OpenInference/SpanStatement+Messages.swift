import OTLP

/// The conversation of a span.
extension SpanStatement {
    mutating func writeMessages() {
        writeConversation()
        writeAnswers()
    }

    private mutating func writeConversation() {
        let key = "gen_ai.input.messages"
        let messages = content(key)?.array ?? []
        let instructions = content("gen_ai.system_instructions")?.array ?? []
        guard !messages.isEmpty || !instructions.isEmpty else { return }
        if let asked = messages.last { addSummary("input", of: asked) }
        // The one list of OpenInference holds the instructions too; that is not the same as two.
        var writer = MessageWriter("llm.input_messages")
        if !instructions.isEmpty {
            writer.write(["role": "system", "parts": .array(instructions)])
            writer.isExact = false
        }
        for message in messages { writer.write(message) }
        finish(writer, key)
        if kind == .embedding { writeEmbedded(messages) }
    }

    /// The texts that were embedded, which no canonical attribute tells but as messages.
    private mutating func writeEmbedded(_ messages: [JSONValue]) {
        let prefix = "embedding.embeddings"
        guard !hasReported(prefix: prefix) else { return }
        let parts = messages.flatMap { $0["parts"]?.array ?? [] }
        let texts = parts.compactMap { $0["type"] == "text" ? $0["content"]?.string : nil }
        append(
            texts.enumerated().map { number, text in
                KeyValue("\(prefix).\(number).embedding.text", .string(text))
            })
    }

    private mutating func writeAnswers() {
        let key = "gen_ai.output.messages"
        let messages = content(key)?.array ?? []
        guard let first = messages.first else { return }
        addSummary("output", of: first)
        var writer = MessageWriter("llm.output_messages")
        for message in messages {
            writer.write(message)
            // An answer has no name there, and is none of a tool.
            if message["name"] != nil || message["role"] == "tool" { writer.isExact = false }
        }
        finish(writer, key)
    }

    private mutating func finish(_ writer: MessageWriter, _ key: String) {
        let isReported = hasReported(prefix: writer.prefix)
        if !isReported { append(writer.attributes) }
        // Instrumentations give steps a part of their state, so the messages of a step are not read.
        if writer.isExact, writer.saysSomething, !isReported, kind != .chain { replace(key) }
    }

    /// What lists of spans show beside a name.
    private mutating func addSummary(_ side: String, of message: JSONValue) {
        guard value("\(side).value") == nil, kind != .tool, kind != .retriever else { return }
        let parts = message["parts"]?.array ?? []
        let texts = parts.compactMap { part in
            part["type"]?.string == "text" ? part["content"]?.string : nil
        }
        if texts.count == parts.count, !texts.isEmpty {
            add("\(side).value", .string(texts.joined(separator: "\n")))
            add("\(side).mime_type", "text/plain")
        } else if !parts.isEmpty {
            add("\(side).value", .string(JSONValue.array(parts).text))
            add("\(side).mime_type", "application/json")
        }
    }
}
