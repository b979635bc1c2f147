/// Where a row puts its value.
enum RowTarget: Hashable, Sendable {
    /// Nothing is written: the value has no canonical home.
    case nowhere
    /// The attribute of this name, as it is written.
    case attribute(String, ValueType)
    /// An attribute whose name takes what the source captured.
    case named(prefix: String, hole: Hole, suffix: String, ValueType)
    case document(Document, DocumentPath)

    enum Hole: Hashable, Sendable {
        case index(String)
        case key
    }
}

/// The five structured attributes.
enum Document: String, CaseIterable, Hashable, Sendable {
    case input = "in"
    case output = "out"
    case system = "sys"
    case tools
    case documents = "docs"

    var key: String {
        switch self {
        case .input: "gen_ai.input.messages"
        case .output: "gen_ai.output.messages"
        case .system: "gen_ai.system_instructions"
        case .tools: "gen_ai.tool.definitions"
        case .documents: "gen_ai.retrieval.documents"
        }
    }
}

/// Documents by their numbers.
struct DocumentSet: Sendable {
    private var bits: UInt8 = 0

    func contains(_ number: Int) -> Bool { bits >> number & 1 == 1 }

    mutating func insert(_ number: Int) { bits |= 1 << number }
}

/// A place in a document.
enum DocumentPath: Hashable, Sendable {
    case whole
    /// The text of the system instructions.
    case text
    /// All of one element.
    case element(IndexReference)
    /// One field of one element: of a message, tool definition or document.
    case field(IndexReference, DocumentField)
    case call(IndexReference, IndexReference, DocumentField)
    case part(IndexReference, IndexReference, DocumentField)

    /// It is one field of one element.
    var isField: Bool {
        switch self {
        case .field, .call, .part: true
        case .whole, .text, .element: false
        }
    }
}

/// What rows call the fields of messages, calls, parts, tool definitions and documents.
enum DocumentField: UInt8, Hashable, Sendable, CaseIterable {
    case role, text, name, responseID, refusal, reasoning, finish, element
    case id, args, type, uri, data, mime
    case desc, params, json, score, content, meta

    init?(_ word: Substring) {
        guard let field = Self.allCases.first(where: { $0.word == word }) else { return nil }
        self = field
    }

    private var word: String { self == .responseID ? "resp_id" : "\(self)" }
}

/// An index in a target: a number, or one that the source captured.
enum IndexReference: Hashable, Sendable {
    case number(Int)
    case captured(String)

    init?(_ text: Substring) {
        if text.hasPrefix("{"), text.hasSuffix("}") {
            self = .captured(String(text.dropFirst().dropLast()))
        } else if let number = Int(text), (0...KeyPattern.maximumIndex).contains(number) {
            self = .number(number)
        } else {
            return nil
        }
    }

    /// The name of the captured index, if it is one.
    var name: String? {
        if case .captured(let name) = self { name } else { nil }
    }
}

extension DocumentPath {
    private static let messageFields: Set<DocumentField> = [
        .role, .text, .name, .responseID, .refusal, .reasoning, .finish,
    ]
    private static let callFields: Set<DocumentField> = [.id, .name, .args]
    private static let partFields: Set<DocumentField> = [.type, .text, .uri, .data, .mime, .id]
    private static let toolFields: Set<DocumentField> = [.name, .desc, .params, .json]
    private static let documentFields: Set<DocumentField> = [.id, .score, .content, .meta]

    /// Reads what follows the document's alias, such as `[{i}].call[{j}].id`.
    init?(_ text: Substring, of document: Document) {
        if text.isEmpty {
            self = .whole
            return
        }
        if document == .system, text == ".text" {
            self = .text
            return
        }
        guard let (index, rest) = Self.index(text) else { return nil }
        if rest.isEmpty {
            self = .element(index)
            return
        }
        guard rest.first == "." else { return nil }
        let field = rest.dropFirst()
        for (word, fields) in [("call", Self.callFields), ("part", Self.partFields)]
        where field.hasPrefix(word + "[") && (document == .input || document == .output) {
            guard let (inner, tail) = Self.index(field.dropFirst(4)), tail.first == ".",
                let name = DocumentField(tail.dropFirst()), fields.contains(name)
            else { return nil }
            self = word == "call" ? .call(index, inner, name) : .part(index, inner, name)
            return
        }
        let allowed =
            switch document {
            case .input, .output: Self.messageFields
            case .tools: Self.toolFields
            case .documents: Self.documentFields
            case .system: Set<DocumentField>()
            }
        guard let name = DocumentField(field), allowed.contains(name) else { return nil }
        self = .field(index, name)
    }

    private static func index(_ text: Substring) -> (IndexReference, Substring)? {
        guard text.first == "[", let close = text.firstIndex(of: "]"),
            let index = IndexReference(text[text.index(after: text.startIndex)..<close])
        else { return nil }
        return (index, text[text.index(after: close)...])
    }

    /// The names of captured indices that the path uses.
    var indexNames: [String] {
        switch self {
        case .whole, .text: []
        case .element(let index), .field(let index, _): [index.name].compactMap { $0 }
        case .call(let index, let inner, _), .part(let index, let inner, _):
            [index.name, inner.name].compactMap { $0 }
        }
    }
}
