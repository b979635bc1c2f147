import OTLP

/// What normalising changes of one span.
struct SpanChanges {
    enum Value {
        case made(AnyValue)
        /// The value of another attribute of the span.
        case taken(position: Int)
    }

    /// Attributes to add, by key. Where the span has the key already, its value moves away.
    private(set) var added: [String: Value] = [:]
    /// Positions of values that move to `tracemend.original.<key>`.
    private var moved: [Int: String] = [:]
    private var hasGenAI = false
    var dialect: String?
    var losses: [String] = []

    var isEmpty: Bool { added.isEmpty && moved.isEmpty }

    mutating func add(_ key: String, _ value: Value, replacing position: Int?) {
        added[key] = value
        hasGenAI = true
        if let position { moved[position] = key }
    }

    /// Moves a value away that means nothing under its key, and puts none in its place.
    mutating func withdraw(_ key: String, at position: Int) {
        moved[position] = key
        hasGenAI = true
    }

    /// Adds copies under the current names of general attributes.
    mutating func rename(_ renamed: [String: Value]) {
        for (key, value) in renamed where added[key] == nil { added[key] = value }
    }

    /// Writes the changes. What was there keeps its order; what is added follows, by key.
    func write(to span: Int, of batch: inout TraceBatch) {
        var attributes = Array(batch.attributes(batch.spans[span].attributes))
        let start = Int(batch.spans[span].attributes.start)
        let taken = added.mapValues { value -> FlatValue? in
            if case .taken(let position) = value { batch.attributes[position].value } else { nil }
        }
        for (position, key) in moved {
            let name = Provenance.originalPrefix + key
            attributes[position - start].key = batch.append(name)
            attributes[position - start].keyID = batch.keys.id(of: name)
        }
        for (key, value) in added.sorted(by: { $0.key < $1.key }) {
            switch value {
            case .made(let made): attributes.append(batch.makeAttribute(key, made))
            case .taken:
                guard let flat = taken[key] ?? nil else { continue }
                attributes.append(
                    Attribute(key: batch.append(key), keyID: batch.keys.id(of: key), value: flat))
            }
        }
        attributes += provenance(in: &batch)
        batch.replaceAttributes(ofSpan: span, with: attributes)
    }

    private func provenance(in batch: inout TraceBatch) -> [Attribute] {
        guard dialect != nil || hasGenAI else { return [] }
        var told: [Attribute] = []
        func list(_ texts: [String]) -> AnyValue { .array(texts.sorted().map { .string($0) }) }
        if !added.isEmpty {
            told.append(batch.makeAttribute(Provenance.derived, list(Array(added.keys))))
        }
        told.append(
            batch.makeAttribute(Provenance.dialect, .string(dialect ?? "otel_legacy")))
        if !losses.isEmpty {
            told.append(batch.makeAttribute(Provenance.loss, list(losses)))
        }
        return told
    }
}

extension SpanDerivation {
    /// What of the derived values differs from what the span has.
    func changes(_ written: [(Document, [JSONValue])], in batch: TraceBatch) -> SpanChanges {
        var changes = SpanChanges()
        changes.losses = losses.sorted()
        for (document, elements) in written {
            let position = view.position(of: rules.keyTable.id(of: document.key))
            changes.add(
                document.key, .made(.string(JSONValue.array(elements).text)), replacing: position)
        }
        for (name, derived) in values {
            let type = rules.types[name] ?? .any
            let position = self.position(of: name)
            let value: SpanChanges.Value
            switch derived {
            case .taken(let source):
                if source == position { continue }
                value = .taken(position: source)
            case .made(let made):
                guard let converted = type.attributeValue(of: made) else { continue }
                value = .made(converted)
            }
            guard let position else {
                changes.add(name, value, replacing: nil)
                continue
            }
            let present = batch.anyValue(of: batch.attributes[position])
            if isRight(present, name, type, instead: value) { continue }
            changes.add(name, value, replacing: position)
        }
        withdraw(from: &changes, in: batch)
        coerce(into: &changes, in: batch)
        return changes
    }

    /// Where the span has an attribute, be its key one of the rules' or not.
    private func position(of name: String) -> Int? {
        let id = rules.keyTable.id(of: name)
        if id != .unknown { return view.position(of: id) }
        return view.position(ofPatternKey: name)
    }

    /// The present value is the canonical one already, so that nothing may replace it.
    private func isRight(
        _ present: AnyValue, _ name: String, _ type: ValueType, instead value: SpanChanges.Value
    ) -> Bool {
        if case .made(present) = value { return true }
        guard type.accepts(present), present != .string(""), !replaced.contains(name) else {
            return false
        }
        // A row of the dialect that reads the very key tells another shape, such as wrapped
        // arguments; the operation is decided as a whole.
        if name == "gen_ai.operation.name" { return false }
        if type == .document, unwraps.contains(name) { return false }
        guard let form = rules.normalForms[name] else { return true }
        guard let normal = pipeline.apply(form, to: JSONValue(present)),
            let converted = type.attributeValue(of: normal)
        else { return false }
        return converted == present
    }

    /// Values that the conventions do not have: a framework is no provider, a task no operation.
    private func withdraw(from changes: inout SpanChanges, in batch: TraceBatch) {
        for (name, form) in rules.normalForms where values[name] == nil {
            guard case .map? = form.last,
                let position = view.position(of: rules.keyTable.id(of: name)),
                !view.isBlank(at: position, in: batch)
            else { continue }
            let isNone = name == "gen_ai.operation.name" && operation == .none
            let value = view.value(at: position, in: batch)
            if isNone || pipeline.apply(form, to: value) == nil {
                changes.withdraw(name, at: position)
            }
        }
    }

    /// Values of the wrong type, such as numbers in text, become their type's.
    private func coerce(into changes: inout SpanChanges, in batch: TraceBatch) {
        for id in view.touched {
            let name = rules.keyTable.key(of: id)
            guard name.hasPrefix("gen_ai."), let type = rules.types[name], values[name] == nil,
                type != .document, type != .any, let position = view.position(of: id)
            else { continue }
            let present = batch.anyValue(of: batch.attributes[position])
            guard !type.accepts(present), present != .string(""), present != .empty,
                let converted = type.attributeValue(of: JSONValue(present)), converted != present
            else { continue }
            changes.add(name, .made(converted), replacing: position)
        }
    }

    /// The current names of the span's general attributes that it does not have yet.
    mutating func generalRenames(in batch: TraceBatch) -> [String: SpanChanges.Value] {
        var renamed: [String: SpanChanges.Value] = [:]
        for row in rules.generalRows {
            guard case .attribute(let old) = row.source.place,
                case .attribute(let new, let type) = row.target, renamed[new] == nil,
                let position = view.position(of: rules.keyTable.id(of: old)),
                view.position(of: rules.keyTable.id(of: new)) == nil,
                !view.isBlank(at: position, in: batch),
                holds(row.conditions, source: position, in: batch)
            else { continue }
            if row.operations == [.copy], type == .any {
                renamed[new] = .taken(position: position)
            } else if let made = pipeline.apply(
                row.operations, to: view.value(at: position, in: batch)),
                !made.isBlank, let converted = type.attributeValue(of: made)
            {
                renamed[new] = .made(converted)
            }
        }
        return renamed
    }
}
