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
        let reasons = finishReasons.flatMap { $0.count == messageCount ? $0 : nil }
        var saysSomething = false
        var number = 0
        var start = 0
        text.append(UInt8(ascii: "["))
        while start < fields.count {
            let end = endOfMessage(from: start)
            if number > 0 { text.append(UInt8(ascii: ",")) }
            let reason = reasons?[number]
            let hasParts =
                PlainMessage(fields, start..<end)?
                .write(fields, to: &text, document, reason, in: batch)
                ?? writeMessage(fields[start..<end], to: &text, reason, in: batch)
            saysSomething = saysSomething || hasParts
            number += 1
            start = end
        }
        text.append(UInt8(ascii: "]"))
        return saysSomething
    }

    private var messageCount: Int {
        var count = 0
        for index in fields.indices
        where index == 0 || fields[index - 1].message != fields[index].message {
            count += 1
        }
        return count
    }

    /// The positions of attributes that the messages tell without rest.
    var positionsWritten: [Int] {
        guard whole.isEmpty, document == .input || document == .output else { return [] }
        var positions: [Int] = []
        var start = 0
        while start < fields.count {
            let end = endOfMessage(from: start)
            if PlainMessage(fields, start..<end) != nil {
                positions += fields[start..<end].compactMap(\.source)
            }
            start = end
        }
        return positions
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

/// Where the fields of a message lie that has nothing but texts and tool calls.
private struct PlainMessage {
    private var role = -1
    private var text = -1
    private var name = -1
    private var finish = -1
    private var reasoning = -1
    private var refusal = -1
    private var calls: Range<Int>

    /// Nil for messages that have more.
    ///
    /// - Parameter fields: sorted.
    init?(_ fields: [DocumentBuilder.Field], _ range: Range<Int>) {
        calls = range.upperBound..<range.upperBound
        for index in range {
            let isText = fields[index].value.isText
            switch (fields[index].kind, fields[index].name) {
            case (.message, .role?) where isText: role = index
            case (.message, .text?) where isText: text = index
            case (.message, .name?) where isText: name = index
            case (.message, .finish?) where isText: finish = index
            case (.message, .reasoning?) where isText: reasoning = index
            case (.message, .refusal?) where isText: refusal = index
            case (.call, .id?) where isText, (.call, .name?) where isText:
                calls = min(calls.lowerBound, index)..<index + 1
            case (.call, .args?):
                guard case .json = fields[index].value else { return nil }
                calls = min(calls.lowerBound, index)..<index + 1
            default: return nil
            }
        }
    }

    /// Returns whether the message has parts.
    func write(
        _ fields: [DocumentBuilder.Field], to out: inout [UInt8], _ document: Document,
        _ reason: String?, in batch: TraceBatch
    ) -> Bool {
        out.append("{\"role\":")
        if role >= 0 {
            out.append(quoted: fields[role].value, of: batch)
        } else {
            out.append(document == .output ? "\"assistant\"" : "\"user\"")
        }
        out.append(",\"parts\":[")
        let start = out.count
        if reasoning >= 0 {
            out.append("{\"type\":\"reasoning\",\"content\":")
            out.append(quoted: fields[reasoning].value, of: batch)
            out.append(UInt8(ascii: "}"))
        }
        if text >= 0, !fields[text].value.isEmptyText {
            if out.count > start { out.append(UInt8(ascii: ",")) }
            out.append("{\"type\":\"text\",\"content\":")
            out.append(quoted: fields[text].value, of: batch)
            out.append(UInt8(ascii: "}"))
        }
        var call = calls.lowerBound
        while call < calls.upperBound {
            if out.count > start { out.append(UInt8(ascii: ",")) }
            call = write(call: call, of: fields, to: &out, in: batch)
        }
        if refusal >= 0 {
            if out.count > start { out.append(UInt8(ascii: ",")) }
            out.append("{\"type\":\"generic\",\"generic_type\":\"refusal\",\"content\":")
            out.append(quoted: fields[refusal].value, of: batch)
            out.append(UInt8(ascii: "}"))
        }
        let hasParts = out.count > start
        out.append(UInt8(ascii: "]"))
        if name >= 0 {
            out.append(",\"name\":")
            out.append(quoted: fields[name].value, of: batch)
        }
        if finish >= 0 {
            out.append(",\"finish_reason\":")
            out.append(quoted: fields[finish].value, of: batch)
        } else if let reason {
            out.append(",\"finish_reason\":")
            out.append(quoted: .json(.string(reason)), of: batch)
        }
        out.append(UInt8(ascii: "}"))
        return hasParts
    }

    /// Writes the call whose fields begin at an index, and returns where they end.
    private func write(
        call start: Int, of fields: [DocumentBuilder.Field], to out: inout [UInt8],
        in batch: TraceBatch
    ) -> Int {
        var (id, name, arguments) = (-1, -1, -1)
        var end = start
        while end < calls.upperBound, fields[end].inner == fields[start].inner {
            switch fields[end].name {
            case .id: id = end
            case .name: name = end
            default: arguments = end
            }
            end += 1
        }
        out.append("{\"type\":\"tool_call\"")
        if id >= 0 {
            out.append(",\"id\":")
            out.append(quoted: fields[id].value, of: batch)
        }
        out.append(",\"name\":")
        out.append(quoted: name >= 0 ? fields[name].value : .json(""), of: batch)
        if arguments >= 0, case .json(let value) = fields[arguments].value {
            out.append(",\"arguments\":")
            out.append(contentsOf: value.unwrapped.serialized())
        }
        out.append(UInt8(ascii: "}"))
        return end
    }
}

extension FieldValue {
    fileprivate var isText: Bool {
        switch self {
        case .text, .json(.string): true
        case .json: false
        }
    }

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
        case .text(let slice):
            append(escaping: batch.bytes.span.bytes.extracting(slice.bounds))
        case .json(let value):
            var text = value.string ?? ""
            text.withUTF8 { append(escaping: $0.span.bytes) }
        }
        append(UInt8(ascii: "\""))
    }

    private mutating func append(escaping text: RawSpan) {
        var start = 0
        while true {
            let end = text.endOfPlainText(from: start)
            text.extracting(start..<end).withUnsafeBytes { append(contentsOf: $0) }
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
