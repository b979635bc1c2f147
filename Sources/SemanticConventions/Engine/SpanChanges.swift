import OTLP

/// What normalising changes of one span.
struct SpanChanges: Sendable {
    /// An attribute to add.
    struct Added: Sendable {
        /// The number of its key; 0 where it has none.
        var slot: Int
        /// Its key where that has no number.
        var name: String
        var value: FlatValue
        /// The position of an attribute that told just this.
        var source: Int?
        /// Nothing else tells this any more, so that it is no longer derived.
        var isOriginal = false
    }

    var added: [Added] = []
    /// Positions of values that move to `tracemend.original.<key>`.
    private(set) var moved: [(position: Int, slot: Int, key: String)] = []
    private(set) var hasGenAI = false
    /// Positions of attributes that go, in order, and what is told of them.
    var dropped: [Int] = []
    var droppedNames: Set<String> = []

    var isEmpty: Bool { added.isEmpty && moved.isEmpty }

    mutating func removeAll() {
        added.removeAll(keepingCapacity: true)
        if !moved.isEmpty { moved.removeAll(keepingCapacity: true) }
        hasGenAI = false
        if !dropped.isEmpty { dropped.removeAll(keepingCapacity: true) }
        if !droppedNames.isEmpty { droppedNames.removeAll(keepingCapacity: true) }
    }

    mutating func add(
        _ slot: Int, _ name: String, _ value: FlatValue, replacing position: Int?,
        source: Int? = nil
    ) {
        added.append(Added(slot: slot, name: name, value: value, source: source))
        hasGenAI = true
        if let position { moved.append((position, slot, name)) }
    }

    /// Moves a value away that means nothing under its key, and puts none in its place.
    mutating func withdraw(_ slot: Int, at position: Int) {
        moved.append((position, slot, ""))
        hasGenAI = true
    }

    /// Adds a copy under the current name of a general attribute.
    mutating func rename(
        _ slot: Int, _ value: FlatValue, source: Int? = nil
    ) {
        if added.contains(where: { $0.slot == slot }) { return }
        added.append(Added(slot: slot, name: "", value: value, source: source))
    }

    /// Writes the changes. What was there keeps its order; what is added follows, by key.
    mutating func write(
        to edits: inout BatchEdits, dialect: String?, losses: Set<String>, rules: CompiledRules,
        _ view: SpanView, in batch: TraceBatch
    ) {
        let range = view.record.attributes
        edits.append(contentsOf: batch.attributes(range))
        for (position, slot, name) in moved {
            let key = slot > 0 ? rules.key(slot) : name
            edits.rename(
                position - Int(range.start), to: Provenance.originalPrefix + key, in: batch)
        }
        if !dropped.isEmpty { edits.remove(dropped.map { $0 - Int(range.start) }) }
        sort(rules)
        for attribute in added {
            if attribute.slot > 0 {
                edits.append(key: attribute.slot, attribute.value, in: batch)
            } else {
                edits.append(key: attribute.name, attribute.value, in: batch)
            }
        }
        let known = rules.known
        if !droppedNames.isEmpty {
            edits.append(key: known.dropped, edits.list(droppedNames.sorted()), in: batch)
        }
        guard dialect != nil || hasGenAI else { return }
        if added.contains(where: { !$0.isOriginal }) {
            edits.append(key: known.derived, derivedNames(&edits, rules), in: batch)
        }
        edits.append(
            key: known.dialect, .string(edits.repeated(dialect ?? "otel_legacy")), in: batch)
        if !losses.isEmpty {
            edits.append(key: known.loss, edits.list(losses.sorted()), in: batch)
        }
    }

    /// By key. Nearly all keys have numbers, whose order is worked out.
    private mutating func sort(_ rules: CompiledRules) {
        guard added.count > 1 else { return }
        added.sort { left, right in
            left.slot > 0 && right.slot > 0
                ? rules.ranks[left.slot] < rules.ranks[right.slot]
                : rules.key(of: left) < rules.key(of: right)
        }
    }

    /// The list of what was added; spans that look alike have one list.
    private func derivedNames(_ edits: inout BatchEdits, _ rules: CompiledRules) -> FlatValue {
        let derived = added.lazy.filter { !$0.isOriginal }
        if derived.contains(where: { $0.slot == 0 }) {
            return edits.list(derived.map { rules.key(of: $0) })
        }
        return edits.list(ofKeys: derived.map(\.slot))
    }
}

extension CompiledRules {
    fileprivate func key(of added: SpanChanges.Added) -> String {
        added.slot > 0 ? key(added.slot) : added.name
    }
}
