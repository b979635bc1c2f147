import OTLP

extension DocumentBuilder {
    /// Writes the document as JSON text.
    ///
    /// Messages of texts and tool calls, which nearly all are, are written as they lie in the
    /// batch; no value is made of them.
    /// - Parameter finishReasons: those of the span, for messages that name none; used where there
    ///   is one for each.
    /// - Returns: whether the document says something; if not, what was written is to be dropped.
    func write(
        to text: inout [UInt8], finishReasons: [String]?, in batch: TraceBatch
    ) -> Bool {
        guard whole.isEmpty, document == .input || document == .output else {
            return writeElements(to: &text, finishReasons, in: batch)
        }
        let messages = messages(of: sortedFields())
        let reasons = finishReasons.flatMap { $0.count == messages.count ? $0 : nil }
        var saysSomething = false
        text.append(UInt8(ascii: "["))
        for (number, (_, fields)) in messages.enumerated() {
            if number > 0 { text.append(UInt8(ascii: ",")) }
            let reason = reasons?[number]
            let hasParts =
                PlainMessage(fields)?.write(to: &text, document, reason, in: batch)
                ?? writeMessage(fields, to: &text, reason, in: batch)
            saysSomething = saysSomething || hasParts
        }
        text.append(UInt8(ascii: "]"))
        return saysSomething
    }

    /// The positions of attributes that the messages tell without rest.
    var positionsWritten: [Int] {
        guard whole.isEmpty, document == .input || document == .output, !isClosed else { return [] }
        return messages(of: sortedFields()).flatMap { _, fields in
            PlainMessage(fields) == nil ? [] : fields.compactMap(\.source)
        }
    }

    private func writeMessage(
        _ fields: ArraySlice<Field>, to text: inout [UInt8], _ reason: String?,
        in batch: TraceBatch
    ) -> Bool {
        var message = element(Message(fields, in: batch))
        if let reason, message["finish_reason"] == nil {
            message = message.replacing("finish_reason", with: .string(reason))
        }
        text.append(contentsOf: message.serialized())
        return !isEmpty(message)
    }

    private func writeElements(
        to text: inout [UInt8], _ reasons: [String]?, in batch: TraceBatch
    ) -> Bool {
        var elements = elements(in: batch)
        if let reasons, reasons.count == elements.count {
            elements = zip(elements, reasons).map { message, reason in
                message["finish_reason"] == nil
                    ? message.replacing("finish_reason", with: .string(reason)) : message
            }
        }
        guard elements.contains(where: { !isEmpty($0) }) else { return false }
        text.append(contentsOf: JSONValue.array(elements).serialized())
        return true
    }
}

/// A message that has nothing but texts and tool calls.
private struct PlainMessage {
    private struct Call {
        var id: FieldValue?
        var name: FieldValue?
        var arguments: JSONValue?
    }

    private var role: FieldValue?
    private var text: FieldValue?
    private var name: FieldValue?
    private var finish: FieldValue?
    private var reasoning: FieldValue?
    private var refusal: FieldValue?
    private var calls: [Call] = []

    /// Nil for messages that have more.
    init?(_ sorted: ArraySlice<DocumentBuilder.Field>) {
        var lastCall = -1
        for field in sorted {
            switch (field.kind, field.name) {
            case (.message, .role?): role = field.value
            case (.message, .text?): text = field.value
            case (.message, .name?): name = field.value
            case (.message, .finish?): finish = field.value
            case (.message, .reasoning?): reasoning = field.value
            case (.message, .refusal?): refusal = field.value
            case (.call, let part?):
                if field.inner != lastCall { calls.append(Call()) }
                lastCall = field.inner
                switch (part, field.value) {
                case (.id, _): calls[calls.count - 1].id = field.value
                case (.name, _): calls[calls.count - 1].name = field.value
                case (.args, .json(let value)): calls[calls.count - 1].arguments = value
                default: return nil
                }
            default: return nil
            }
        }
        for value in [role, text, name, finish, reasoning, refusal]
            + calls.flatMap({ [$0.id, $0.name] })
        {
            if case .json(let value)? = value, value.string == nil { return nil }
        }
    }

    /// Returns whether the message has parts.
    func write(
        to out: inout [UInt8], _ document: Document, _ reason: String?, in batch: TraceBatch
    ) -> Bool {
        out.append("{\"role\":")
        if let role {
            out.append(quoted: role, of: batch)
        } else {
            out.append(document == .output ? "\"assistant\"" : "\"user\"")
        }
        out.append(",\"parts\":[")
        let start = out.count
        func separate() { if out.count > start { out.append(UInt8(ascii: ",")) } }
        if let reasoning {
            out.append("{\"type\":\"reasoning\",\"content\":")
            out.append(quoted: reasoning, of: batch)
            out.append(UInt8(ascii: "}"))
        }
        if let text, !text.isEmptyText {
            separate()
            out.append("{\"type\":\"text\",\"content\":")
            out.append(quoted: text, of: batch)
            out.append(UInt8(ascii: "}"))
        }
        for call in calls {
            separate()
            write(call, to: &out, in: batch)
        }
        if let refusal {
            separate()
            out.append("{\"type\":\"generic\",\"generic_type\":\"refusal\",\"content\":")
            out.append(quoted: refusal, of: batch)
            out.append(UInt8(ascii: "}"))
        }
        let hasParts = out.count > start
        out.append(UInt8(ascii: "]"))
        if let name {
            out.append(",\"name\":")
            out.append(quoted: name, of: batch)
        }
        if let reason = finish ?? reason.map({ .json(.string($0)) }) {
            out.append(",\"finish_reason\":")
            out.append(quoted: reason, of: batch)
        }
        out.append(UInt8(ascii: "}"))
        return hasParts
    }

    private func write(_ call: Call, to out: inout [UInt8], in batch: TraceBatch) {
        out.append("{\"type\":\"tool_call\"")
        if let id = call.id {
            out.append(",\"id\":")
            out.append(quoted: id, of: batch)
        }
        out.append(",\"name\":")
        out.append(quoted: call.name ?? .json(""), of: batch)
        if let arguments = call.arguments {
            out.append(",\"arguments\":")
            out.append(contentsOf: arguments.unwrapped.serialized())
        }
        out.append(UInt8(ascii: "}"))
    }
}

extension FieldValue {
    fileprivate var isEmptyText: Bool {
        switch self {
        case .json(let value): value.isBlank
        case .text(let slice): slice.isEmpty
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { append(contentsOf: $0) }
    }

    /// Appends a text as a JSON string.
    fileprivate mutating func append(quoted value: FieldValue, of batch: TraceBatch) {
        append(UInt8(ascii: "\""))
        switch value {
        case .text(let slice): append(escaping: slice.bounds, of: batch.bytes)
        case .json(let value):
            let text = Array((value.string ?? "").utf8)
            append(escaping: text.indices, of: text)
        }
        append(UInt8(ascii: "\""))
    }

    private mutating func append(escaping range: Range<Int>, of source: [UInt8]) {
        let text = source.span.bytes.extracting(range)
        var start = 0
        while true {
            let end = text.endOfPlainText(from: start)
            append(contentsOf: source[range.lowerBound + start..<range.lowerBound + end])
            guard end < text.byteCount else { return }
            append(escape: text.byte(at: end))
            start = end + 1
        }
    }

    private mutating func append(escape byte: UInt8) {
        append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: append(UInt8(ascii: "b"))
        case 0x09: append(UInt8(ascii: "t"))
        case 0x0A: append(UInt8(ascii: "n"))
        case 0x0C: append(UInt8(ascii: "f"))
        case 0x0D: append(UInt8(ascii: "r"))
        case ..<0x20:
            let digits: StaticString = "0123456789abcdef"
            append("u00")
            digits.withUTF8Buffer { digits in
                append(digits[Int(byte >> 4)])
                append(digits[Int(byte & 15)])
            }
        default: append(byte)
        }
    }
}
