import OTLP

/// Derives the canonical attributes of one span after another; reads the batch, changes nothing.
struct SpanDerivation: Sendable {
    /// A value for an attribute: made, or the very value of another attribute.
    enum Derived: Sendable {
        case made(JSONValue)
        case taken(position: Int)
    }

    let rules: RuleSet
    let pipeline: ValuePipeline
    let sourceIDs: [[KeyID]]
    var view: SpanView
    var dialects: [Int] = []
    var values: [String: Derived] = [:]
    var documents: [Document: DocumentBuilder] = [:]
    var losses: Set<String> = []
    /// Attributes whose present value means something else, whatever its type.
    var replaced: Set<String> = []
    /// Documents that a row of the span's dialect took out of a wrapping.
    var unwraps: Set<String> = []
    var operation: OperationDecision = .undecided
    var sums: [String: Double] = [:]
    var group = 0
    /// Keys that operation rows read: they are not lost.
    let kindKeys: Set<String>
    private let documentIDs: [(Document, KeyID)]
    /// The rows that have a pattern as their source.
    let usesByPattern: [String: [RuleSet.PatternUse]]

    init(rules: RuleSet) {
        self.rules = rules
        pipeline = ValuePipeline(maps: rules.maps)
        view = SpanView(rules: rules)
        sourceIDs = rules.files.map { file in
            file.rows.map { row in
                guard case .attribute(let key) = row.source.place else { return .unknown }
                return rules.keyTable.id(of: key)
            }
        }
        var kindKeys: Set<String> = []
        for kind in rules.commonKinds + rules.dialects.flatMap(\.kinds) {
            kindKeys.formUnion(kind.conditions.compactMap(\.key))
            if case .mapped(_, let key) = kind.decision { kindKeys.insert(key) }
        }
        self.kindKeys = kindKeys
        var uses: [String: [RuleSet.PatternUse]] = [:]
        for use in rules.patternsByShape.values.joined() + rules.patternsWithName {
            if case .attributes(let pattern) = rules.files[use.file].rows[use.row].source.place {
                uses[pattern.text, default: []].append(use)
            }
        }
        usesByPattern = uses
        documentIDs = Document.allCases.map { ($0, rules.keyTable.id(of: $0.key)) }
    }

    /// Applies the rows of the span's dialects, then those of every dialect.
    mutating func derive(_ dialects: [Int], in batch: TraceBatch) {
        self.dialects = dialects
        values.removeAll(keepingCapacity: true)
        documents.removeAll(keepingCapacity: true)
        sums.removeAll(keepingCapacity: true)
        losses.removeAll(keepingCapacity: true)
        replaced.removeAll(keepingCapacity: true)
        unwraps.removeAll(keepingCapacity: true)
        closeRightDocuments(in: batch)
        operation = decideOperation(in: batch, withDerived: false)
        var files: [Int] = []
        for file in dialects.map({ rules.dialects[$0].file }) + rules.commonFiles
        where !files.contains(file) {
            files.append(file)
        }
        for file in files { apply(file, in: batch) }
        for (name, sum) in sums where values[name] == nil { values[name] = .made(.double(sum)) }
    }

    mutating func closeRightDocuments(in batch: TraceBatch) {
        for (document, id) in documentIDs {
            guard let position = view.position(of: id),
                case .string = batch.attributes[position].value,
                let content = view.document(at: position, in: batch), content.array != nil,
                isRight(content, document)
            else { continue }
            documents[document, default: DocumentBuilder(document)].isClosed = true
        }
    }

    /// The document says something, in the words of the conventions.
    func isRight(_ content: JSONValue, _ document: Document) -> Bool {
        let builder = DocumentBuilder(document)
        guard let elements = content.array, elements.contains(where: { !builder.isEmpty($0) })
        else {
            return false
        }
        return read(content, .semconv, document) == elements
    }

    /// The elements of a document in some format.
    func read(
        _ content: JSONValue, _ format: MessageFormat, _ document: Document
    ) -> [JSONValue] {
        let operation: ValueOperation =
            switch document {
            case .input, .output: .messages(format)
            case .system: .parts(format)
            case .tools: .tools(format)
            case .documents: .documents(format)
            }
        let role = document == .output ? "assistant" : "user"
        return pipeline.apply([operation], to: content, role: role)?.array ?? []
    }
}

extension SpanView {
    /// The text at a position is empty, or there is no value.
    func isBlank(at position: Int, in batch: TraceBatch) -> Bool {
        switch batch.attributes[position].value {
        case .string(let slice): slice.isEmpty
        case .empty: true
        default: false
        }
    }
}
