import OTLP

extension DocumentBuilder {
    /// A message as indexed keys describe it.
    struct Message {
        var fields: [DocumentField: JSONValue] = [:]
        var calls: [[DocumentField: JSONValue]] = []
        var parts: [[DocumentField: JSONValue]] = []

        /// - Parameter fields: of one message, sorted.
        init(_ sorted: ArraySlice<Field>, in batch: TraceBatch) {
            var last: (Kind, Int)?
            for field in sorted {
                guard let name = field.name else { continue }
                let isNew = last.map { $0 != (field.kind, field.inner) } ?? true
                last = (field.kind, field.inner)
                let value = field.value.json(in: batch)
                switch field.kind {
                case .message: fields[name] = value
                case .call:
                    if isNew { calls.append([:]) }
                    calls[calls.count - 1][name] = value
                case .part:
                    if isNew { parts.append([:]) }
                    parts[parts.count - 1][name] = value
                }
            }
        }
    }

    /// All elements, in order.
    func elements(in batch: TraceBatch) -> [JSONValue] {
        document == .tools
            ? assembled(in: batch).compactMap { DefinitionReader.sound($0) } : assembled(in: batch)
    }

    private func assembled(in batch: TraceBatch) -> [JSONValue] {
        let built = messages.map { index, fields in
            (index, element(Message(fields, in: batch)))
        }
        guard !whole.isEmpty else { return built.map(\.1) }
        if fieldsCameFirst, built.contains(where: { !isEmpty($0.1) }) {
            return withFinishReasons(built.map(\.1))
        }
        var merged = whole
        for (index, element) in built where index < merged.count {
            merged[index] = fill(merged[index], from: element)
        }
        return merged
    }

    /// Each choice says why it ended; the fields may tell it of the first one only.
    private func withFinishReasons(_ built: [JSONValue]) -> [JSONValue] {
        guard document == .output, whole.count == built.count else { return built }
        return zip(built, whole).map { message, other in
            guard message["finish_reason"] == nil, let finish = other["finish_reason"] else {
                return message
            }
            return message.replacing("finish_reason", with: finish)
        }
    }

    /// The sorted fields of each message, with its index.
    private var messages: [(Int, ArraySlice<Field>)] {
        var messages: [(Int, ArraySlice<Field>)] = []
        var start = 0
        while start < fields.count {
            let end = endOfMessage(from: start)
            messages.append((fields[start].message, fields[start..<end]))
            start = end
        }
        return messages
    }

    /// The end of the message whose fields begin at an index of the sorted fields.
    func endOfMessage(from start: Int) -> Int {
        let message = fields[start].message
        var end = start + 1
        while end < fields.count, fields[end].message == message { end += 1 }
        return end
    }

    /// The finish reasons of all messages; nil where one has none.
    func finishReasons(in batch: TraceBatch) -> [String]? {
        if whole.isEmpty {
            var reasons: [String] = []
            var start = 0
            while start < fields.count {
                let end = endOfMessage(from: start)
                let finish = fields[start..<end].first { $0.kind == .message && $0.name == .finish }
                guard let finish else { return nil }
                reasons.append(finish.value.json(in: batch).asText)
                start = end
            }
            return reasons
        }
        let elements = elements(in: batch)
        let reasons = elements.compactMap { $0["finish_reason"]?.string }
        return reasons.count == elements.count ? reasons : nil
    }

    private func fill(_ message: JSONValue, from other: JSONValue) -> JSONValue {
        var parts = message["parts"]?.array ?? []
        for part in other["parts"]?.array ?? []
        where !parts.contains(where: { $0["type"] == part["type"] })
            || (part["type"] == "tool_call"
                && !(message["parts"]?.array ?? []).contains { $0["type"] == "tool_call" })
        {
            parts.append(part)
        }
        var filled = message
        if parts != message["parts"]?.array {
            filled = filled.replacing("parts", with: .array(parts))
        }
        if filled["finish_reason"] == nil, let finish = other["finish_reason"] {
            filled = filled.replacing("finish_reason", with: finish)
        }
        return filled
    }

    func element(_ entry: Message) -> JSONValue {
        switch document {
        case .input, .output: message(entry)
        case .tools: tool(entry.fields)
        case .documents:
            .object(
                [
                    (DocumentField.id, "id"), (.score, "score"), (.content, "content"),
                    (.meta, "metadata"),
                ].compactMap { field, name in
                    entry.fields[field].map { JSONValue.Member(name, $0) }
                })
        case .system: entry.fields[.text] ?? .null
        }
    }

    private func tool(_ fields: [DocumentField: JSONValue]) -> JSONValue {
        if let json = fields[.json], json.object != nil { return DefinitionReader.tool(json) }
        return DefinitionReader.definition(
            type: "function", name: fields[.name]?.asText, description: fields[.desc]?.asText,
            parameters: fields[.params]?.unwrapped)
    }

    private func message(_ entry: Message) -> JSONValue {
        let fields = entry.fields
        var content: [JSONValue] = []
        if let reasoning = fields[.reasoning] {
            content.append(PartReader.reasoning(reasoning.asText))
        }
        let inner = self.content(of: entry)
        if let id = fields[.responseID] {
            let texts = inner.compactMap { $0["content"]?.string }
            content.append(
                PartReader.toolResponse(
                    id: id.asText,
                    response: texts.count == inner.count
                        ? .string(texts.joined(separator: "\n")) : .array(inner)))
        } else {
            content += inner
        }
        for call in entry.calls {
            content.append(
                PartReader.toolCall(
                    id: call[.id]?.asText, name: call[.name]?.asText, arguments: call[.args]))
        }
        if let refusal = fields[.refusal] {
            content.append(PartReader.refusal(refusal.asText))
        }
        let standard =
            document == .output ? "assistant" : fields[.responseID] == nil ? "user" : "tool"
        return MessageReader.message(
            fields[.role]?.asText ?? standard, content, name: fields[.name]?.asText,
            finish: fields[.finish]?.asText)
    }

    private func content(of entry: Message) -> [JSONValue] {
        let parts = entry.parts.compactMap { part($0) }
        let text: [JSONValue] =
            switch entry.fields[.text] {
            case nil, .null: []
            case .array(let parts) where parts.allSatisfy({ PartReader.isConventional($0) }): parts
            case .some(let value): value.isBlank ? [] : [PartReader.text(value.asText)]
            }
        let added = entry.fields[.element]?.array ?? []
        return (parts.contains { $0["type"] == "text" } ? parts : text + parts) + added
    }

    private func part(_ fields: [DocumentField: JSONValue]) -> JSONValue? {
        let type = fields[.type]?.asText ?? "text"
        let modality = ["image", "audio", "video", "document"].contains(type) ? type : "image"
        if let url = fields[.uri]?.string {
            return PartReader.media(url, modality: modality, mimeType: fields[.mime]?.string)
        }
        if let data = fields[.data]?.string {
            return PartReader.blob(data, modality: modality, mimeType: fields[.mime]?.string)
        }
        guard let text = fields[.text], !text.isBlank else { return nil }
        switch type {
        case "text", "input_text", "output_text": return PartReader.text(text.asText)
        case "reasoning", "thinking": return PartReader.reasoning(text.asText)
        default:
            return ["type": "generic", "generic_type": .string(type), "content": text]
        }
    }
}
