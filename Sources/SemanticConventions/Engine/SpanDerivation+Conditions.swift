import OTLP

/// What a span does, as far as the rules can tell.
enum OperationDecision: Hashable, Sendable {
    case undecided
    /// The span is known to be no operation of the conventions.
    case none
    case operation(String)
}

extension SpanDerivation {
    /// All conditions hold.
    ///
    /// - Parameter source: the position of the row's source, for `mime`.
    mutating func holds(
        _ conditions: [Condition], source: Int?, in batch: TraceBatch, withDerived: Bool = false
    ) -> Bool {
        for condition in conditions
        where !holds(condition, source: source, in: batch, withDerived: withDerived) {
            return false
        }
        return true
    }

    private mutating func holds(
        _ condition: Condition, source: Int?, in batch: TraceBatch, withDerived: Bool
    ) -> Bool {
        switch condition {
        case .has(let key, let expected):
            return has(key, in: batch, withDerived: withDerived) == expected
        case .equals(let key, let path, let value, let expected):
            return isEqual(key, path, value, in: batch) == expected
        case .differs(let key, let other, let path):
            guard let left = text(of: key, nil, in: batch),
                let right = text(of: other, path, in: batch)
            else { return false }
            return left != right
        case .keyHasPrefix(let key, let prefix):
            return text(of: key, nil, in: batch)?.hasPrefix(prefix) ?? false
        case .scopeIs(let name, let expected): return (view.scopeName == name) == expected
        case .nameIs, .nameHasPrefix:
            return condition.holds(forName: batch.string(view.record.name))
        case .operationIs(let name, let expected):
            return (operation == .operation(name)) == expected
        case .isJSON(let expected): return isJSON(source, in: batch) == expected
        case .isClient: return SpanKindClass(view.record.kind) == .client
        case .isServer: return SpanKindClass(view.record.kind) == .server
        }
    }

    private func id(of key: String) -> KeyID { rules.rules.keyTable.id(of: key) }

    private func has(_ key: String, in batch: TraceBatch, withDerived: Bool) -> Bool {
        let id = id(of: key)
        if let position = view.position(of: id) { return !view.isBlank(at: position, in: batch) }
        guard withDerived else { return false }
        if id != .unknown ? values[Int(id.number)] != nil : named[key] != nil { return true }
        guard let number = Document.allCases.firstIndex(where: { $0.key == key }) else {
            return false
        }
        return documents[number]?.hasElements ?? false
    }

    private mutating func isEqual(
        _ key: String, _ path: JSONPath?, _ wanted: String, in batch: TraceBatch
    ) -> Bool {
        guard path == nil else { return text(of: key, path, in: batch) == wanted }
        guard let position = view.position(of: id(of: key)) else { return false }
        return view.text(at: position, in: batch, equals: wanted)
    }

    private mutating func text(of key: String, _ path: JSONPath?, in batch: TraceBatch) -> String? {
        guard let position = view.position(of: id(of: key)) else { return nil }
        guard let path else { return view.text(at: position, in: batch) }
        return view.document(at: position, in: batch).flatMap { path.value(in: $0)?.asText }
    }

    /// `input.mime_type` beside `input.value` says whether the value is JSON.
    private func isJSON(_ source: Int?, in batch: TraceBatch) -> Bool {
        guard let source else { return false }
        let key = batch.key(of: batch.attributes[source])
        guard let dot = key.lastIndex(of: "."),
            let position = view.position(of: id(of: key[..<dot] + ".mime_type"))
        else { return false }
        return view.text(at: position, in: batch)?.hasPrefix("application/json") ?? false
    }

    /// What the span does: rows that override, its own word, its dialects' rows, common rows.
    mutating func decideOperation(in batch: TraceBatch, withDerived: Bool) -> OperationDecision {
        for kind in steps.overrides {
            if holds(kind.conditions, source: nil, in: batch, withDerived: withDerived) {
                return decision(kind, in: batch)
            }
        }
        var saysNone = false
        if let position = view.position(of: rules.known.operation) {
            if let mapped = mapped(at: position, by: "op", in: batch) { return .operation(mapped) }
            saysNone = view.text(at: position, in: batch).map { !$0.isEmpty } ?? false
        }
        // A name such as "chat" proves nothing where nothing else speaks of GenAI.
        let isGenAI =
            !steps.dialects.isEmpty || view.flags.contains(.conventional)
            || documents.contains { $0 != nil }
        let kinds =
            isGenAI && !saysNone ? steps.kinds[...] : steps.kinds.prefix(steps.ownKinds)
        for kind in kinds {
            if holds(kind.conditions, source: nil, in: batch, withDerived: withDerived) {
                return decision(kind, in: batch)
            }
        }
        return saysNone ? .none : .undecided
    }

    /// What a map makes of a scalar that says something.
    private mutating func mapped(at position: Int, by map: String, in batch: TraceBatch) -> String?
    {
        if case .string(let slice) = batch.attributes[position].value {
            guard !SpanView.unquoted(slice, in: batch).isEmpty else { return nil }
            return memo.mapped(slice, by: map, in: batch)
        }
        return view.text(at: position, in: batch).flatMap { rules.rules.maps[map]?.apply($0) }
    }

    private func decision(_ kind: PlannedKind, in batch: TraceBatch) -> OperationDecision {
        switch kind.decision {
        case .none: return .none
        case .operation(let name): return .operation(name)
        case .mapped(let map, let key):
            guard let position = view.position(of: id(of: key)),
                let text = view.text(at: position, in: batch),
                let mapped = rules.rules.maps[map]?.apply(text)
            else { return .none }
            return .operation(mapped)
        }
    }
}
