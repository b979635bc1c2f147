import OTLP

/// Tells by its bytes that a document is in the words of the conventions already, so that nothing
/// needs to be made of it.
///
/// It says yes only where reading the document would give its very elements back; where it says no,
/// the document may be right all the same, and is read.
final class CanonicalDocument: Sendable {
    /// In quotation marks, as they stand in the text.
    private let roles: [LiteralWord]
    private let finishReasons: [LiteralWord]
    /// How serializers write the usual message: with a space after marks, or with none.
    private let spellings: [MessageSpelling]

    init(maps: [String: ValueMap]) {
        func stable(_ words: [String], _ map: ValueMap?) -> [String] {
            words.filter { map?.apply($0) ?? $0 == $0 }
        }
        let roles = stable(["assistant", "user", "system", "tool"], maps["role"])
        let finishReasons = stable(
            ["stop", "tool_call", "length", "content_filter", "error"], maps["finish"])
        spellings = [" ", ""].map {
            MessageSpelling(space: $0, roles: roles, finishReasons: finishReasons)
        }
        self.roles = roles.map { LiteralWord("\"\($0)\"".utf8) }
        self.finishReasons = finishReasons.map { LiteralWord("\"\($0)\"".utf8) }
    }

    /// - Complexity: linear in the slice; nothing is allocated.
    func isRight(_ slice: Slice, of bytes: [UInt8], _ document: Document) -> Bool {
        let text = bytes.span.bytes.extracting(slice.bounds)
        var scanner = JSONScanner()
        var saysSomething = false
        let isRight = scanner.array(text) { scanner in
            switch document {
            case .input, .output:
                usualMessage(text, &scanner, &saysSomething)
                    || message(text, &scanner, &saysSomething)
            case .system: part(text, &scanner, &saysSomething)
            case .tools: tool(text, &scanner, &saysSomething)
            case .documents: false
            }
        }
        scanner.skipSpace(text)
        return isRight && saysSomething && scanner.place == text.byteCount
    }

    /// The message that nearly all are: a role, one text, and a finish reason perhaps, spelled as
    /// serializers do. Where it is another one, the scanner stays where it was.
    private func usualMessage(
        _ text: RawSpan, _ scanner: inout JSONScanner, _ saysSomething: inout Bool
    ) -> Bool {
        let start = scanner.place
        scanner.skipSpace(text)
        for index in spellings.indices
        where scanner.take(oneOf: spellings[index].beginnings, in: text) {
            guard let content = scanner.string(text), !content.range.isEmpty,
                scanner.take(oneOf: spellings[index].endings, in: text)
            else { break }
            saysSomething = true
            return true
        }
        scanner.place = start
        return false
    }

    private func message(
        _ text: RawSpan, _ scanner: inout JSONScanner, _ saysSomething: inout Bool
    ) -> Bool {
        var (hasRole, hasParts, hasName, hasFinish) = (false, false, false, false)
        let isRead = scanner.object(text) { name, scanner in
            switch name.count {
            case 4 where text.holds("role", in: name) && !hasRole:
                hasRole = true
                return word(text, &scanner, of: roles)
            case 4 where text.holds("name", in: name) && !hasName:
                hasName = true
                return scanner.string(text) != nil
            case 5 where text.holds("parts", in: name) && !hasParts:
                hasParts = true
                return scanner.array(text) { part(text, &$0, &saysSomething) }
            case 13 where text.holds("finish_reason", in: name) && !hasFinish:
                hasFinish = true
                return word(text, &scanner, of: finishReasons)
            default: return false
            }
        }
        return isRead && hasRole && hasParts
    }

    private func word(
        _ text: RawSpan, _ scanner: inout JSONScanner, of words: [LiteralWord]
    ) -> Bool {
        scanner.skipSpace(text)
        for index in words.indices where words[index].stands(at: scanner.place, in: text) {
            scanner.place &+= words[index].length
            return true
        }
        return false
    }

    private enum PartType {
        case text, reasoning, toolCall, toolCallResponse
    }

    private struct Part {
        var type: PartType?
        var hasContent = false
        var hasName = false
        var hasArguments = false
        var hasResponse = false

        /// What reading the part would leave as it is.
        var isRight: Bool {
            switch type {
            case .text, .reasoning: hasContent
            case .toolCall: hasName && hasArguments
            case .toolCallResponse: hasResponse
            case nil: false
            }
        }
    }

    private func part(
        _ text: RawSpan, _ scanner: inout JSONScanner, _ saysSomething: inout Bool
    ) -> Bool {
        var part = Part()
        let isRead = scanner.object(text) { name, scanner in
            switch name.count {
            case 4 where text.holds("type", in: name):
                guard part.type == nil, let string = scanner.string(text) else { return false }
                part.type = type(text, string)
                return part.type != nil
            case 4 where text.holds("name", in: name):
                defer { part.hasName = true }
                return !part.hasName && scanner.string(text) != nil
            case 4: return !text.holds("role", in: name) && scanner.value(text)
            case 7 where text.holds("content", in: name):
                guard !part.hasContent, let string = scanner.string(text) else { return false }
                part.hasContent = !string.range.isEmpty
                return part.hasContent
            case 8 where text.holds("response", in: name):
                defer { part.hasResponse = true }
                return !part.hasResponse && scanner.value(text)
            case 9 where text.holds("arguments", in: name):
                // A structure in text would be read.
                defer { part.hasArguments = true }
                return !part.hasArguments && scanner.next(text) != UInt8(ascii: "\"")
                    && scanner.value(text)
            default: return scanner.value(text)
            }
        }
        saysSomething = true
        return isRead && part.isRight
    }

    private func type(_ text: RawSpan, _ string: JSONScanner.Text) -> PartType? {
        guard !string.hasEscapes else { return nil }
        switch string.range.count {
        case 4: return text.holds("text", in: string.range) ? .text : nil
        case 9:
            if text.holds("reasoning", in: string.range) { return .reasoning }
            return text.holds("tool_call", in: string.range) ? .toolCall : nil
        case 18: return text.holds("tool_call_response", in: string.range) ? .toolCallResponse : nil
        default: return nil
        }
    }

    /// A flat definition.
    private func tool(
        _ text: RawSpan, _ scanner: inout JSONScanner, _ saysSomething: inout Bool
    ) -> Bool {
        var (hasType, hasName, hasParameters) = (false, false, false)
        let isRead = scanner.object(text) { name, scanner in
            switch name.count {
            case 4 where text.holds("type", in: name):
                defer { hasType = true }
                return !hasType && scanner.string(text) != nil
            case 4 where text.holds("name", in: name):
                defer { hasName = true }
                return !hasName && scanner.string(text) != nil
            case 10 where text.holds("parameters", in: name):
                defer { hasParameters = true }
                return !hasParameters && scanner.next(text) != UInt8(ascii: "\"")
                    && scanner.value(text)
            case 11 where text.holds("description", in: name),
                6 where text.holds("strict", in: name):
                return scanner.value(text)
            // Other members may say that the definition is in other words.
            default: return false
            }
        }
        saysSomething = true
        return isRead && hasType && hasName
    }
}
