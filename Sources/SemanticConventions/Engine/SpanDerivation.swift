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
    private var sums: [String: Double] = [:]
    private var group = 0
    /// Keys that operation rows read: they are not lost.
    private let kindKeys: Set<String>
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

    private mutating func closeRightDocuments(in batch: TraceBatch) {
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
    private func isRight(_ content: JSONValue, _ document: Document) -> Bool {
        let builder = DocumentBuilder(document)
        guard let elements = content.array, elements.contains(where: { !builder.isEmpty($0) })
        else {
            return false
        }
        return read(content, .semconv, document) == elements
    }

    /// The elements of a document in some format.
    private func read(
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

    private mutating func apply(_ file: Int, in batch: TraceBatch) {
        let rows = rules.files[file].rows
        var matches: [Int: [SpanView.Match]] = [:]
        for match in view.matches[file] ?? [] { matches[match.row, default: []].append(match) }
        var eventsDone: Int?
        for (number, row) in rows.enumerated() {
            switch row.source.place {
            case .attribute:
                guard let position = view.position(of: sourceIDs[file][number]) else { continue }
                group += 1
                apply(row, at: position, KeyPattern.Captures(), in: batch)
            case .attributes:
                guard let found = matches[number] else { continue }
                group += 1
                applyAll(row, found.sorted { $0.captures < $1.captures }, in: batch)
            case .event:
                guard eventsDone != row.priority else { continue }
                eventsDone = row.priority
                group += 1
                applyEvents(rows.filter { $0.priority == row.priority }, in: batch)
            case .resource(let key):
                let resource = batch.resource(of: batch.spans[view.span])
                guard let value = batch.value(key, in: resource.attributes) else { continue }
                apply(row, value: JSONValue(value), in: batch)
            case .scopeName: apply(row, value: .string(view.scopeName), in: batch)
            case .spanName: apply(row, value: .string(view.name), in: batch)
            case .spanDuration:
                let (duration, overflow) = view.endTime.subtractingReportingOverflow(view.startTime)
                if !overflow { apply(row, value: .double(Double(duration)), in: batch) }
            }
        }
    }

    private mutating func applyEvents(_ rows: [MappingRow], in batch: TraceBatch) {
        let events = batch.events[batch.spans[view.span].events.indices]
        guard !events.isEmpty else { return }
        let ordered = events.enumerated().sorted {
            ($0.element.timeUnixNano, $0.offset) < ($1.element.timeUnixNano, $1.offset)
        }
        for (_, event) in ordered {
            let eventName = batch.string(event.name)
            for row in rows {
                guard case .event(let name, let key) = row.source.place, name == eventName else {
                    continue
                }
                guard let key else {
                    apply(row, value: eventBody(event, eventName, in: batch), in: batch)
                    continue
                }
                guard let value = batch.value(key, in: event.attributes) else { continue }
                apply(row, value: JSONValue(value), role: Self.role(of: eventName), in: batch)
            }
        }
    }

    /// An event's attributes as one object; its name says the role where they do not.
    private func eventBody(
        _ event: EventRecord, _ name: String, in batch: TraceBatch
    ) -> JSONValue {
        var members = batch.keyValues(event.attributes).map {
            JSONValue.Member($0.key, JSONValue($0.value).unwrapped)
        }
        if let role = Self.role(of: name), !members.contains(where: { $0.name == "role" }) {
            members.insert(.init("role", .string(role)), at: 0)
        }
        return .object(members)
    }

    /// The role that an event's name says: `gen_ai.user.message`.
    private static func role(of event: String) -> String? {
        let parts = event.split(separator: ".")
        return parts.count == 3 && parts[2] == "message" ? String(parts[1]) : nil
    }

    /// A pattern's matches in the order of their indices.
    private mutating func applyAll(
        _ row: MappingRow, _ matches: [SpanView.Match], in batch: TraceBatch
    ) {
        if case .attribute(let name, let type) = row.target, type == .strings || type == .ints,
            matches.allSatisfy({ !$0.captures.indices.isEmpty }), row.source.path == nil
        {
            guard values[name] == nil, let first = matches.first,
                holds(row.conditions, source: first.position, in: batch)
            else { return }
            let elements = matches.compactMap {
                pipeline.apply(row.operations, to: view.value(at: $0.position, in: batch))
            }
            if !elements.isEmpty { values[name] = .made(.array(elements)) }
            return
        }
        for match in matches { apply(row, at: match.position, match.captures, in: batch) }
    }

    private mutating func apply(
        _ row: MappingRow, at position: Int, _ captures: KeyPattern.Captures, in batch: TraceBatch
    ) {
        guard isWanted(row), holds(row.conditions, source: position, in: batch) else { return }
        guard !isLost(row, batch.key(of: batch.attributes[position])) else { return }
        if row.source.path == nil, let name = attributeName(row.target, row.source, captures)?.0 {
            if values[name] != nil, row.operations.last != .add { return }
            if takesVerbatim(row, at: position, in: batch) {
                if !view.isBlank(at: position, in: batch) {
                    values[name] = .taken(position: position)
                }
                return
            }
        }
        var value: JSONValue
        if let path = row.source.path {
            guard let document = view.document(at: position, in: batch),
                let part = path.value(in: document)
            else { return }
            value = part
        } else {
            value = view.value(at: position, in: batch)
        }
        if value == .null { return }
        if row.source.path == nil, readsDocument(row), isStructure(at: position, in: batch) {
            guard let document = view.document(at: position, in: batch) else {
                losses.insert("unreadable:\(batch.key(of: batch.attributes[position]))")
                return
            }
            value = document
        }
        put(row, value, captures, in: batch)
    }

    private mutating func apply(
        _ row: MappingRow, value: JSONValue, role: String? = nil, in batch: TraceBatch
    ) {
        guard isWanted(row), holds(row.conditions, source: nil, in: batch), value != .null else {
            return
        }
        guard !isLost(row, row.source.name) else { return }
        var value = value
        if let path = row.source.path {
            guard let part = path.value(in: value.unwrapped) else { return }
            value = part
        }
        put(row, value, KeyPattern.Captures(), role: role, in: batch)
    }

    /// The row reads a whole document: text that begins as one and is none was cut off.
    private func readsDocument(_ row: MappingRow) -> Bool {
        switch row.operations.last {
        case .messages(let format), .tools(let format), .documents(let format): format != .text
        case .parts(let format): format != .text && row.target == .document(.system, .whole)
        default: false
        }
    }

    private func isStructure(at position: Int, in batch: TraceBatch) -> Bool {
        guard case .string(let slice) = batch.attributes[position].value else { return false }
        let first = batch.bytes(slice).first { $0 != 32 && $0 != 10 }
        return first == UInt8(ascii: "[") || first == UInt8(ascii: "{")
    }

    /// The row's target can still take something.
    private func isWanted(_ row: MappingRow) -> Bool {
        switch row.target {
        case .attribute(let name, _): values[name] == nil || row.operations.last == .add
        case .document(let document, _): !(documents[document]?.isClosed ?? false)
        case .nowhere, .named: true
        }
    }

    /// Notes what has no home or cannot be read.
    private mutating func isLost(_ row: MappingRow, _ source: String) -> Bool {
        if row.isKept || row.target == .nowhere {
            if row.operations.last != .drop, row.target == .nowhere, !kindKeys.contains(source) {
                losses.insert("no_field:\(source)")
            }
            return true
        }
        if let format = row.operations.compactMap(\.format).first, !format.isImplemented {
            losses.insert("no_format:\(source)")
            return true
        }
        return false
    }

    /// The value goes over as it is: no text is made of it.
    private func takesVerbatim(_ row: MappingRow, at position: Int, in batch: TraceBatch) -> Bool {
        guard row.operations.count == 1,
            let (_, type) = attributeName(row.target, row.source, KeyPattern.Captures())
        else { return false }
        let isText =
            if case .string = batch.attributes[position].value { true } else { false }
        switch row.operations[0] {
        case .copy: return type == .any || (isText && (type == .string || type == .document))
        case .string: return isText && (type == .string || type == .any)
        case .json: return isText && type == .document
        default: return false
        }
    }

    /// The attribute that a row writes, and its type; nil for documents and for no target.
    private func attributeName(
        _ target: RowTarget, _ source: RowSource, _ captures: KeyPattern.Captures
    ) -> (String, ValueType)? {
        switch target {
        case .nowhere, .document: return nil
        case .attribute(let name, let type): return (name, type)
        case .named(let prefix, .key, let suffix, let type):
            return (prefix + captures.key + suffix, type)
        case .named(let prefix, .index(let name), let suffix, let type):
            guard case .attributes(let pattern) = source.place,
                let place = pattern.indexNames.firstIndex(of: name),
                place < captures.indices.count
            else { return (prefix + suffix, type) }
            return ("\(prefix)\(captures.indices[place])\(suffix)", type)
        }
    }

    private mutating func put(
        _ row: MappingRow, _ value: JSONValue, _ captures: KeyPattern.Captures,
        role known: String? = nil, in batch: TraceBatch
    ) {
        var role = known ?? "user"
        if case .document(.output, _) = row.target { role = "assistant" }
        guard
            let result = pipeline.apply(
                row.operations, to: value, role: role, startTime: view.startTime)
        else { return }
        if case .document(let document, let path) = row.target {
            put(result, document, path, row.source, captures)
        } else if let (name, _) = attributeName(row.target, row.source, captures) {
            if row.operations.last == .add {
                if let number = result.number { sums[name, default: 0] += number }
            } else if values[name] == nil, !result.isBlank {
                if case .attribute(name) = row.source.place, result != value.unwrapped {
                    unwraps.insert(name)
                }
                values[name] = .made(result)
            }
        }
    }

    private mutating func put(
        _ value: JSONValue, _ document: Document, _ path: DocumentPath, _ source: RowSource,
        _ captures: KeyPattern.Captures
    ) {
        func index(_ reference: IndexReference) -> Int? {
            switch reference {
            case .number(let number): return number
            case .captured(let name):
                guard case .attributes(let pattern) = source.place,
                    let place = pattern.indexNames.firstIndex(of: name),
                    place < captures.indices.count
                else { return nil }
                return captures.indices[place]
            }
        }
        // In place: a copy for each indexed key would make long conversations slow.
        switch path {
        case .whole:
            documents[document, default: DocumentBuilder(document)].add(
                value.array ?? [value], group: group)
        case .text:
            documents[document, default: DocumentBuilder(document)].add(
                [PartReader.text(value.asText)], group: group)
        case .element(let reference):
            if let place = index(reference) {
                documents[document, default: DocumentBuilder(document)].set(place, "text", value)
            }
        case .field(let reference, let field):
            if let place = index(reference) {
                documents[document, default: DocumentBuilder(document)].set(place, field, value)
            }
        case .call(let reference, let call, let field):
            if let place = index(reference), let call = index(call) {
                documents[document, default: DocumentBuilder(document)].setCall(
                    place, call, field, value)
            }
        case .part(let reference, let part, let field):
            if let place = index(reference), let part = index(part) {
                documents[document, default: DocumentBuilder(document)].setPart(
                    place, part, field, value)
            }
        }
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
