import OTLP

/// Collects what rows say about one structured attribute, and puts it together.
struct DocumentBuilder: Sendable {
    /// A message as indexed keys describe it.
    struct Message: Sendable {
        var fields: [String: JSONValue] = [:]
        var calls: [Int: [String: JSONValue]] = [:]
        var parts: [Int: [String: JSONValue]] = [:]
    }

    let document: Document
    private(set) var whole: [JSONValue] = []
    private var wholeGroup: Int?
    var messages: [Int: Message] = [:]
    /// The indexed keys came before the whole document, so they win.
    private var fieldsCameFirst = false
    /// The document that the span has already is right: nothing is collected.
    var isClosed = false

    init(_ document: Document) {
        self.document = document
    }

    /// Adds elements. Those of one group follow each other; other groups come too late.
    mutating func add(_ elements: [JSONValue], group: Int) {
        guard !isClosed, wholeGroup == nil || wholeGroup == group, !elements.isEmpty else { return }
        guard wholeGroup != nil || elements.contains(where: { !isEmpty($0) }) else { return }
        wholeGroup = group
        whole += elements
    }

    private mutating func open() {
        if messages.isEmpty { fieldsCameFirst = wholeGroup == nil }
    }

    mutating func set(_ index: Int, _ field: String, _ value: JSONValue) {
        guard !isClosed else { return }
        open()
        if messages[index, default: Message()].fields[field] == nil {
            messages[index, default: Message()].fields[field] = value
        }
    }

    mutating func setCall(_ index: Int, _ call: Int, _ field: String, _ value: JSONValue) {
        guard !isClosed else { return }
        open()
        if messages[index, default: Message()].calls[call, default: [:]][field] == nil {
            messages[index, default: Message()].calls[call, default: [:]][field] = value
        }
    }

    mutating func setPart(_ index: Int, _ part: Int, _ field: String, _ value: JSONValue) {
        guard !isClosed else { return }
        open()
        if messages[index, default: Message()].parts[part, default: [:]][field] == nil {
            messages[index, default: Message()].parts[part, default: [:]][field] = value
        }
    }

    /// All elements, in order.
    func elements() -> [JSONValue] {
        document == .tools
            ? assembled().compactMap { DefinitionReader.sound($0) } : assembled()
    }

    private func assembled() -> [JSONValue] {
        let built = messages.sorted { $0.key < $1.key }.map { ($0.key, element($0.value)) }
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

    /// Says nothing: a message without parts, an empty object.
    func isEmpty(_ element: JSONValue) -> Bool {
        switch document {
        case .input, .output: element["parts"]?.array?.isEmpty ?? true
        default: element.isBlank
        }
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

    private func element(_ entry: Message) -> JSONValue {
        switch document {
        case .input, .output: message(entry)
        case .tools: tool(entry.fields)
        case .documents:
            .object(
                [("id", "id"), ("score", "score"), ("content", "content"), ("meta", "metadata")]
                    .compactMap { field, name in
                        entry.fields[field].map { JSONValue.Member(name, $0) }
                    })
        case .system: entry.fields["text"] ?? .null
        }
    }

    private func tool(_ fields: [String: JSONValue]) -> JSONValue {
        if let json = fields["json"], json.object != nil { return DefinitionReader.tool(json) }
        return DefinitionReader.definition(
            type: "function", name: fields["name"]?.asText, description: fields["desc"]?.asText,
            parameters: fields["params"]?.unwrapped)
    }

    private func message(_ entry: Message) -> JSONValue {
        let fields = entry.fields
        var content: [JSONValue] = []
        if let reasoning = fields["reasoning"] {
            content.append(PartReader.reasoning(reasoning.asText))
        }
        let inner = self.content(of: entry)
        if let id = fields["resp_id"] {
            let texts = inner.compactMap { $0["content"]?.string }
            content.append(
                PartReader.toolResponse(
                    id: id.asText,
                    response: texts.count == inner.count
                        ? .string(texts.joined(separator: "\n")) : .array(inner)))
        } else {
            content += inner
        }
        for (_, call) in entry.calls.sorted(by: { $0.key < $1.key }) {
            content.append(
                PartReader.toolCall(
                    id: call["id"]?.asText, name: call["name"]?.asText, arguments: call["args"]))
        }
        if let refusal = fields["refusal"] {
            content.append(PartReader.refusal(refusal.asText))
        }
        let standard =
            document == .output ? "assistant" : fields["resp_id"] == nil ? "user" : "tool"
        return MessageReader.message(
            fields["role"]?.asText ?? standard, content, name: fields["name"]?.asText,
            finish: fields["finish"]?.asText)
    }

    private func content(of entry: Message) -> [JSONValue] {
        let parts = entry.parts.sorted { $0.key < $1.key }.compactMap { part($0.value) }
        let text: [JSONValue] =
            switch entry.fields["text"] {
            case nil, .null: []
            case .array(let parts) where parts.allSatisfy({ PartReader.isConventional($0) }): parts
            case .some(let value): value.isBlank ? [] : [PartReader.text(value.asText)]
            }
        let added = entry.fields["element"]?.array ?? []
        return (parts.contains { $0["type"] == "text" } ? parts : text + parts) + added
    }

    private func part(_ fields: [String: JSONValue]) -> JSONValue? {
        let type = fields["type"]?.asText ?? "text"
        let modality = ["image", "audio", "video", "document"].contains(type) ? type : "image"
        if let url = fields["uri"]?.string {
            return PartReader.media(url, modality: modality, mimeType: fields["mime"]?.string)
        }
        if let data = fields["data"]?.string {
            return PartReader.blob(data, modality: modality, mimeType: fields["mime"]?.string)
        }
        guard let text = fields["text"], !text.isBlank else { return nil }
        switch type {
        case "text", "input_text", "output_text": return PartReader.text(text.asText)
        case "reasoning", "thinking": return PartReader.reasoning(text.asText)
        default:
            return ["type": "generic", "generic_type": .string(type), "content": text]
        }
    }
}
