import OTLP

/// Derives the canonical attributes of one span after another; reads the batch, changes nothing.
struct SpanDerivation: Sendable {
    /// A value for an attribute: made, or the very value of another attribute.
    enum Derived: Sendable {
        case made(JSONValue)
        case int(Int64)
        case double(Double)
        case taken(position: Int)
    }

    let rules: CompiledRules
    var view: SpanView
    var planner: SpanPlanner
    var memo: ValueMemo
    var steps: DialectSteps
    /// Values by key number.
    var values: [Derived?]
    /// The key numbers of `values` that are set.
    var filled: [Int] = []
    /// Values of attributes whose names take what a source captured, and that no table names.
    var named: [String: Derived] = [:]
    /// By the number of the document.
    var documents: [DocumentBuilder?]
    /// The documents that are right as they are, for which nothing is collected.
    var right = DocumentSet()
    var losses: Set<String> = []
    /// Key numbers whose present value means something else, whatever its type.
    var replaced: [Int] = []
    /// Key numbers of documents that a row of the span's dialect took out of a wrapping.
    var unwraps: [Int] = []
    /// The span's own finish reasons, for messages that name none.
    var writtenFinishReasons: [String]?
    var operation: OperationDecision = .undecided
    var sums: [Int: Double] = [:]
    var group = 0
    private var heldEvidence: [Int] = []

    init(rules: CompiledRules) {
        self.rules = rules
        view = SpanView(rules: rules)
        planner = SpanPlanner(rules: rules)
        memo = ValueMemo(rules: rules)
        steps = DialectSteps(
            dialects: [], name: nil, steps: [], overrides: [], kinds: [], ownKinds: 0)
        values = Array(repeating: nil, count: rules.keys.count)
        documents = Array(repeating: nil, count: Document.allCases.count)
    }

    /// What was remembered of earlier batches has grown beyond what is worth keeping.
    var isFull: Bool { view.isFull || planner.isFull || memo.isFull }

    /// Finds the span's dialects. False where nothing speaks of GenAI.
    mutating func detect(_ plan: Int, in batch: TraceBatch) -> Bool {
        heldEvidence.removeAll(keepingCapacity: true)
        for evidence in planner.plans[plan].valueEvidence {
            if let position = view.position(of: evidence.key),
                view.text(at: position, in: batch, equals: evidence.text)
            {
                heldEvidence.append(evidence.item)
            }
        }
        steps = planner.steps(of: plan, holding: heldEvidence, view)
        return view.flags.contains(.genAI) || !steps.dialects.isEmpty
            || view.flags.contains(.event)
    }

    /// Applies the rows of the span's dialects, then those of every dialect.
    mutating func derive(in batch: TraceBatch) {
        forget()
        closeRightDocuments(in: batch)
        operation =
            steps.readsOperation ? decideOperation(in: batch, withDerived: false) : .undecided
        let planned = steps.steps
        for number in planned.indices {
            group = number + 1
            apply(planned[number], in: batch)
        }
        for (slot, sum) in sums where values[slot] == nil { set(slot, .made(.double(sum))) }
    }

    private mutating func forget() {
        for slot in filled { values[slot] = nil }
        filled.removeAll(keepingCapacity: true)
        for document in documents.indices where documents[document] != nil {
            documents[document] = nil
        }
        right = DocumentSet()
        if !named.isEmpty { named.removeAll(keepingCapacity: true) }
        if !sums.isEmpty { sums.removeAll(keepingCapacity: true) }
        if !losses.isEmpty { losses.removeAll(keepingCapacity: true) }
        if !replaced.isEmpty { replaced.removeAll(keepingCapacity: true) }
        if !unwraps.isEmpty { unwraps.removeAll(keepingCapacity: true) }
    }

    mutating func set(_ slot: Int, _ value: Derived) {
        if values[slot] == nil { filled.append(slot) }
        values[slot] = value
    }

    /// - Complexity: linear in the values that are set.
    mutating func unset(_ slot: Int) {
        guard values[slot] != nil else { return }
        values[slot] = nil
        filled.removeAll { $0 == slot }
    }

    private mutating func closeRightDocuments(in batch: TraceBatch) {
        for number in documents.indices {
            guard let position = view.position(of: rules.documentKeys[number]),
                case .string(let slice) = batch.attributes[position].value
            else { continue }
            let document = Document.allCases[number]
            if rules.canonical.isRight(slice, of: batch.bytes, document) {
                right.insert(number)
            } else if let content = view.document(at: position, in: batch), content.array != nil,
                isRight(content, document)
            {
                right.insert(number)
            }
        }
    }

    /// The document says something, in the words of the conventions.
    private func isRight(_ content: JSONValue, _ document: Document) -> Bool {
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
        return rules.pipeline.apply([operation], to: content, role: role)?.array ?? []
    }
}
