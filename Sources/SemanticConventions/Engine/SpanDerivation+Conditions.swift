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
            return (text(of: key, path, in: batch) == value) == expected
        case .differs(let key, let other, let path):
            guard let left = text(of: key, nil, in: batch),
                let right = text(of: other, path, in: batch)
            else { return false }
            return left != right
        case .keyHasPrefix(let key, let prefix):
            return text(of: key, nil, in: batch)?.hasPrefix(prefix) ?? false
        case .scopeIs(let name, let expected): return (view.scopeName == name) == expected
        case .nameIs(let name, let expected): return (view.name == name) == expected
        case .nameHasPrefix(let prefix, let expected):
            return view.name.hasPrefix(prefix) == expected
        case .operationIs(let name, let expected):
            return (operation == .operation(name)) == expected
        case .isJSON(let expected): return isJSON(source, in: batch) == expected
        case .isClient: return view.kind == 3 || view.kind == 4
        case .isServer: return view.kind == 2 || view.kind == 5
        }
    }

    private func has(_ key: String, in batch: TraceBatch, withDerived: Bool) -> Bool {
        if key.contains("{") {
            return usesByPattern[key]?.contains { view.matchedUses.contains($0) } ?? false
        }
        if let position = view.position(of: rules.keyTable.id(of: key)),
            rules.keyTable.id(of: key) != .unknown
        {
            return !view.isBlank(at: position, in: batch)
        }
        guard withDerived else { return false }
        if values[key] != nil { return true }
        return documents.contains { $0.key.key == key && !$0.value.elements().isEmpty }
    }

    private mutating func text(of key: String, _ path: JSONPath?, in batch: TraceBatch) -> String? {
        guard let position = view.position(of: rules.keyTable.id(of: key)) else { return nil }
        guard let path else { return view.text(at: position, in: batch) }
        return view.document(at: position, in: batch).flatMap { path.value(in: $0)?.asText }
    }

    /// `input.mime_type` beside `input.value` says whether the value is JSON.
    private func isJSON(_ source: Int?, in batch: TraceBatch) -> Bool {
        guard let source else { return false }
        let key = batch.key(of: batch.attributes[source])
        guard let dot = key.lastIndex(of: "."),
            let position = view.position(
                of: rules.keyTable.id(of: key[..<dot] + ".mime_type"))
        else { return false }
        return view.text(at: position, in: batch)?.hasPrefix("application/json") ?? false
    }

    /// What the span does: rows that override, its own word, its dialects' rows, common rows.
    mutating func decideOperation(in batch: TraceBatch, withDerived: Bool) -> OperationDecision {
        let own = dialects.flatMap { rules.dialects[$0].kinds }
        for kind in own where kind.isOverride {
            if holds(kind.conditions, source: nil, in: batch, withDerived: withDerived) {
                return decision(kind, in: batch)
            }
        }
        let named = rules.keyTable.id(of: "gen_ai.operation.name")
        var saysNone = false
        if let position = view.position(of: named),
            let text = view.text(at: position, in: batch), !text.isEmpty
        {
            if let mapped = rules.maps["op"]?.apply(text) { return .operation(mapped) }
            saysNone = true
        }
        // A name such as "chat" proves nothing where nothing else speaks of GenAI.
        let isGenAI = !dialects.isEmpty || view.isConventional || !documents.isEmpty
        for kind in isGenAI && !saysNone ? own + rules.commonKinds : own {
            if case .mapped(_, "gen_ai.operation.name") = kind.decision { continue }
            if holds(kind.conditions, source: nil, in: batch, withDerived: withDerived) {
                return decision(kind, in: batch)
            }
        }
        return saysNone ? .none : .undecided
    }

    private func decision(_ kind: KindRow, in batch: TraceBatch) -> OperationDecision {
        switch kind.decision {
        case .none: return .none
        case .operation(let name): return .operation(name)
        case .mapped(let map, let key):
            guard let position = view.position(of: rules.keyTable.id(of: key)),
                let text = view.text(at: position, in: batch),
                let mapped = rules.maps[map]?.apply(text)
            else { return .none }
            return .operation(mapped)
        }
    }
}
