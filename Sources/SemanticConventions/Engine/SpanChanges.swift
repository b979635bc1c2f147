import OTLP

/// What normalising changes of one span.
struct SpanChanges: Sendable {
    /// An attribute to add: its key by number or, where it has none, by name.
    struct Added: Sendable {
        var slot: Int
        var name: String
        var value: FlatValue
        /// The position of an attribute that told just this.
        var source: Int?
        /// Nothing else tells this any more, so that it is no longer derived.
        var isOriginal = false
    }

    var added: [Added] = []
    /// Positions of values that move to `tracemend.original.<key>`.
    private(set) var moved: [(position: Int, key: String)] = []
    private(set) var hasGenAI = false
    /// Positions of attributes that go, in order, and what is told of them.
    var dropped: [Int] = []
    var droppedNames: Set<String> = []

    var isEmpty: Bool { added.isEmpty && moved.isEmpty }

    mutating func removeAll() {
        added.removeAll(keepingCapacity: true)
        moved.removeAll(keepingCapacity: true)
        hasGenAI = false
        dropped.removeAll(keepingCapacity: true)
        droppedNames.removeAll(keepingCapacity: true)
    }

    mutating func add(
        _ slot: Int, _ name: String, _ value: FlatValue, replacing position: Int?,
        source: Int? = nil
    ) {
        added.append(Added(slot: slot, name: name, value: value, source: source))
        hasGenAI = true
        if let position { moved.append((position, name)) }
    }

    /// Moves a value away that means nothing under its key, and puts none in its place.
    mutating func withdraw(_ key: String, at position: Int) {
        moved.append((position, key))
        hasGenAI = true
    }

    /// Adds a copy under the current name of a general attribute.
    mutating func rename(
        _ slot: Int, _ name: String, _ value: FlatValue, source: Int? = nil
    ) {
        if added.contains(where: { $0.slot == slot }) { return }
        added.append(Added(slot: slot, name: name, value: value, source: source))
    }

    /// Writes the changes. What was there keeps its order; what is added follows, by key.
    mutating func write(
        to edits: inout BatchEdits, dialect: String?, losses: Set<String>, known: KnownKeys,
        _ view: SpanView, in batch: TraceBatch
    ) {
        let range = view.record.attributes
        edits.append(contentsOf: batch.attributes(range))
        for (position, key) in moved {
            edits.rename(
                position - Int(range.start), to: Provenance.originalPrefix + key, in: batch)
        }
        edits.remove(dropped.map { $0 - Int(range.start) })
        added.sort { $0.name < $1.name }
        for attribute in added {
            if attribute.slot > 0 {
                edits.append(key: attribute.slot, attribute.value, in: batch)
            } else {
                edits.append(key: attribute.name, attribute.value, in: batch)
            }
        }
        if !droppedNames.isEmpty {
            edits.append(key: known.dropped, edits.list(droppedNames.sorted()), in: batch)
        }
        guard dialect != nil || hasGenAI else { return }
        let derived = added.filter { !$0.isOriginal }
        if !derived.isEmpty {
            edits.append(key: known.derived, edits.list(derived.map(\.name)), in: batch)
        }
        edits.append(
            key: known.dialect, .string(edits.text(dialect ?? "otel_legacy")), in: batch)
        if !losses.isEmpty {
            edits.append(key: known.loss, edits.list(losses.sorted()), in: batch)
        }
    }
}
