import OTLP
import SemanticConventions

/// The attributes of one span while they are said again in OpenInference's words.
struct SpanStatement {
    let kind: SpanKind
    private let reported: [String: AnyValue]
    private let order: [KeyValue]
    private var added: [KeyValue] = []
    /// Canonical keys that what was added says in full.
    private var said: Set<String> = []

    init(_ attributes: [KeyValue], _ kind: SpanKind) {
        self.kind = kind
        order = attributes
        reported = Dictionary(attributes.map { ($0.key, $0.value) }) { _, last in last }
    }

    mutating func write() {
        add(SpanKind.key, .string(kind.rawValue))
        writeOrigin()
        writeModel()
        writeParameters()
        writeCounts()
        writeMessages()
        writeDefinitions()
        writeNames()
        switch kind {
        case .tool: writeTool()
        case .retriever: writeRetrieval()
        default: break
        }
    }

    /// What the span carries: all that it had but what is said otherwise now, then the new.
    var attributes: [KeyValue] {
        order.filter { !said.contains($0.key) && !Self.provenance.contains($0.key) } + added
    }

    // The lists of keys that normalising added are wrong once those say the same in other words.
    private static let provenance: Set = [
        Provenance.dialect, Provenance.derived, Provenance.loss, Provenance.dropped,
    ]

    private mutating func writeOrigin() {
        if let dialect = text(Provenance.dialect) {
            add("tracemend.reported.dialect", .string(dialect))
        }
    }
}

/// Reading the canonical attributes, and writing others.
extension SpanStatement {
    func value(_ key: String) -> AnyValue? { reported[key] }

    /// The attributes whose keys begin so and go on, in the order of their keys.
    func values(prefix: String) -> [(key: String, value: AnyValue)] {
        reported.filter { $0.key.hasPrefix(prefix) && $0.key != prefix }
            .sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    func text(_ key: String) -> String? { reported[key]?.stringValue }

    /// The content of a structured attribute.
    func content(_ key: String) -> JSONValue? {
        guard let value = reported[key] else { return nil }
        guard case .string(let text) = value else { return JSONValue(value) }
        return try? JSONValue(parsing: text)
    }

    /// Whether the span came with an attribute that begins so.
    func hasReported(prefix: String) -> Bool {
        reported.keys.contains { $0.hasPrefix(prefix) }
    }

    /// Writes an attribute, unless the span has one of this name already.
    /// - Returns: whether the span says this value under this name.
    @discardableResult
    mutating func add(_ key: String, _ value: AnyValue) -> Bool {
        if let present = reported[key] { return present == value }
        added.append(KeyValue(key, value))
        return true
    }

    mutating func append(_ attributes: [KeyValue]) { added += attributes }

    /// A canonical attribute is said in full otherwise: it is left out.
    mutating func replace(_ key: String) { said.insert(key) }

    /// Writes a canonical attribute under another name.
    mutating func rename(_ key: String, _ name: String) {
        guard let value = reported[key] else { return }
        if add(name, value) { replace(key) }
    }
}

/// Spans that tell what another span tells too.
extension SpanStatement {
    static let duplicateKey = "tracemend.duplicate_of"

    /// The attributes of a span that another counts for: what a backend would add up a second time is
    /// set aside, where undoing a mending finds it.
    static func withoutCounting(_ attributes: [KeyValue]) -> [KeyValue] {
        attributes.map { attribute in
            let counts =
                attribute.key == SpanKind.key || attribute.key.hasPrefix("llm.token_count.")
                || attribute.key.hasPrefix("llm.cost.")
            return counts
                ? KeyValue(Provenance.originalPrefix + attribute.key, attribute.value) : attribute
        }
    }
}
