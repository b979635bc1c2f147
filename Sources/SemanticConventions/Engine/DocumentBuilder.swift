import OTLP

/// A value that goes into a document: read already, or the text of a slice of the batch.
enum FieldValue: Sendable {
    case json(JSONValue)
    case text(Slice)

    func json(in batch: TraceBatch) -> JSONValue {
        switch self {
        case .json(let value): value
        case .text(let slice): .string(batch.string(slice))
        }
    }
}

/// Collects what rows say about one structured attribute, and puts it together.
///
/// Fields of indexed keys are collected as they come, each with a number made of its indices, and
/// are sorted by it once, before anything is made of them.
struct DocumentBuilder: Sendable {
    enum Kind: UInt64, Sendable {
        case message, call, part
    }

    struct Field: Sendable {
        var place: UInt64
        var value: FieldValue
        /// The position of an attribute that tells just this.
        var source: Int?

        var message: Int { Int(place >> 32) }
        var kind: Kind { Kind(rawValue: place >> 30 & 3) ?? .message }
        /// The index of the call or part.
        var inner: Int { Int(place >> 8 & 0x3F_FFFF) }
        var name: DocumentField? { DocumentField(rawValue: UInt8(truncatingIfNeeded: place)) }
    }

    let document: Document
    private(set) var whole: [JSONValue] = []
    private var wholeGroup: Int?
    private(set) var fields: [Field] = []
    private var areSorted = true
    /// The indexed keys came before the whole document, so they win.
    private(set) var fieldsCameFirst = false
    private(set) var hasCalls = false

    init(_ document: Document) {
        self.document = document
    }

    /// Adds elements. Those of one group follow each other; other groups come too late.
    mutating func add(_ elements: [JSONValue], group: Int) {
        guard wholeGroup == nil || wholeGroup == group, !elements.isEmpty else { return }
        guard wholeGroup != nil || elements.contains(where: { !isEmpty($0) }) else { return }
        wholeGroup = group
        whole += elements
    }

    mutating func set(
        _ index: Int, _ field: DocumentField, _ value: FieldValue, from source: Int? = nil
    ) {
        append(.message, index, 0, field, value, source)
    }

    mutating func setCall(
        _ index: Int, _ call: Int, _ field: DocumentField, _ value: FieldValue,
        from source: Int? = nil
    ) {
        append(.call, index, call, field, value, source)
        hasCalls = true
    }

    mutating func setPart(_ index: Int, _ part: Int, _ field: DocumentField, _ value: FieldValue) {
        append(.part, index, part, field, value, nil)
    }

    private mutating func append(
        _ kind: Kind, _ index: Int, _ inner: Int, _ field: DocumentField, _ value: FieldValue,
        _ source: Int?
    ) {
        guard index <= KeyPattern.maximumIndex, inner <= KeyPattern.maximumIndex else {
            return
        }
        if fields.isEmpty {
            fieldsCameFirst = wholeGroup == nil
            fields.reserveCapacity(16)
        }
        areSorted = false
        let place =
            UInt64(index) << 32 | kind.rawValue << 30 | UInt64(inner) << 8 | UInt64(field.rawValue)
        fields.append(Field(place: place, value: value, source: source))
    }

    /// Something was collected.
    var hasElements: Bool { !whole.isEmpty || !fields.isEmpty }

    /// Sorts the fields by message, kind and index; of equal ones only the first that came stays.
    mutating func sortFields() {
        guard !areSorted else { return }
        areSorted = true
        guard !zip(fields, fields.dropFirst()).allSatisfy({ $0.place < $1.place }) else { return }
        let places = fields.indices.map { (place: fields[$0].place, index: $0) }.sorted { $0 < $1 }
        var sorted: [Field] = []
        sorted.reserveCapacity(fields.count)
        for (place, index) in places where sorted.last?.place != place {
            sorted.append(fields[index])
        }
        fields = sorted
    }

    /// Says nothing: a message without parts, an empty object.
    func isEmpty(_ element: JSONValue) -> Bool {
        switch document {
        case .input, .output: element["parts"]?.array?.isEmpty ?? true
        default: element.isBlank
        }
    }
}

extension Document {
    /// Its place in `Document.allCases`.
    var number: Int {
        switch self {
        case .input: 0
        case .output: 1
        case .system: 2
        case .tools: 3
        case .documents: 4
        }
    }
}
