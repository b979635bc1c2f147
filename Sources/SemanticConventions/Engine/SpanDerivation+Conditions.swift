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
        _ conditions: [OpenCondition], source: Int?, in batch: TraceBatch,
        withDerived: Bool = false
    ) -> Bool {
        for condition in conditions
        where !holds(condition, source: source, in: batch, withDerived: withDerived) {
            return false
        }
        return true
    }

    private mutating func holds(
        _ open: OpenCondition, source: Int?, in batch: TraceBatch, withDerived: Bool
    ) -> Bool {
        switch open.condition {
        case .has(let key, let expected):
            return has(open, key, in: batch, withDerived: withDerived) == expected
        case .equals(_, let path, let value, let expected):
            return isEqual(open, path, value, in: batch) == expected
        case .differs(_, _, let path):
            guard let left = view.position(of: open.key),
                let right = text(at: view.position(of: open.other), path, open, in: batch),
                !view.isUntold(at: left, in: batch)
            else { return false }
            return !view.text(at: left, in: batch, equals: right)
        case .keyHasPrefix(_, let prefix):
            return text(at: view.position(of: open.key), nil, open, in: batch)?.hasPrefix(prefix)
                ?? false
        case .scopeIs(let name, let expected): return (view.scopeName == name) == expected
        case .nameIs, .nameHasPrefix:
            return open.condition.holds(forName: batch.string(view.record.name))
        case .operationIs(let name, let expected):
            return (operation == .operation(name)) == expected
        case .isJSON(let expected): return isJSON(source, open, in: batch) == expected
        case .isClient: return SpanKindClass(view.record.kind) == .client
        case .isServer: return SpanKindClass(view.record.kind) == .server
        }
    }

    private func has(
        _ open: OpenCondition, _ key: String, in batch: TraceBatch, withDerived: Bool
    ) -> Bool {
        if let position = view.position(of: open.key) {
            return !view.isBlank(at: position, in: batch)
        }
        guard withDerived else { return false }
        if open.key > 0 ? values[open.key] != nil : named[key] != nil { return true }
        return open.document.map { documents[$0]?.hasElements ?? false } ?? false
    }

    private mutating func isEqual(
        _ open: OpenCondition, _ path: JSONPath?, _ wanted: String, in batch: TraceBatch
    ) -> Bool {
        guard let position = view.position(of: open.key) else { return false }
        guard path == nil else { return text(at: position, path, open, in: batch) == wanted }
        return view.text(at: position, in: batch, equals: wanted)
    }

    /// The text at a position, or what the document there holds at a path.
    private mutating func text(
        at position: Int?, _ path: JSONPath?, _ open: OpenCondition, in batch: TraceBatch
    ) -> String? {
        guard let position else { return nil }
        guard let path else { return view.text(at: position, in: batch) }
        if case .string(let slice) = batch.attributes[position].value,
            let known = memo.text(slice, at: path, open.path, in: batch)
        {
            return known.text
        }
        return view.document(at: position, in: batch).flatMap { path.value(in: $0)?.asText }
    }

    private func isJSON(_ source: Int?, _ open: OpenCondition, in batch: TraceBatch) -> Bool {
        guard let source else { return false }
        let key =
            open.mimeType
            ?? OpenCondition.mimeTypeKey(of: batch.key(of: batch.attributes[source])).map {
                Int(rules.rules.keyTable.id(of: $0).number)
            } ?? 0
        guard let position = view.position(of: key) else { return false }
        return view.text(at: position, in: batch, hasPrefix: "application/json")
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
        case .mapped(let map, _):
            guard let position = view.position(of: kind.key),
                let text = view.text(at: position, in: batch),
                let mapped = rules.rules.maps[map]?.apply(text)
            else { return .none }
            return .operation(mapped)
        }
    }
}
