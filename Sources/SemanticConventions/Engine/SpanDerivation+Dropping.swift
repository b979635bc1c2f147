import OTLP

extension SpanDerivation {
    /// Marks the attributes that go because all that they tell is told by what is added.
    ///
    /// Values that went over as they are, and fields that became messages without rest. Keys that
    /// are conventions themselves stay, and so do those that others than the rules read.
    func drop(from changes: inout SpanChanges, in batch: TraceBatch) {
        var dropped: Set<Int> = []
        for index in changes.added.indices {
            var sources: [Int] = []
            if let source = changes.added[index].source {
                sources = [source]
            } else if let number = Document.allCases.firstIndex(where: {
                rules.documentKeys[$0.number].number == changes.added[index].slot
            }) {
                sources = documents[number]?.positionsWritten ?? []
            }
            sources = sources.filter { mayGo(batch.key(of: batch.attributes[$0])) }
            guard !sources.isEmpty else { continue }
            changes.added[index].isOriginal = true
            dropped.formUnion(sources)
        }
        dropped.subtract(changes.moved.map(\.position))
        changes.dropped = dropped.sorted()
        for position in dropped {
            changes.droppedNames.insert(Self.shape(of: batch.key(of: batch.attributes[position])))
        }
    }

    private func mayGo(_ key: String) -> Bool {
        guard !key.hasPrefix("agentlightning."), key != "session.id", key != "user.id" else {
            return false
        }
        return rules.rules.types[key] == nil && !rules.currentKeys.contains(key)
    }

    /// The key with `{i}` for its indices, so that a long conversation is told in a few words.
    private static func shape(of key: String) -> String {
        guard let (shape, _) = KeyPattern.shape(of: key) else { return key }
        return shape.split(separator: ".", omittingEmptySubsequences: false)
            .map { $0 == "#" ? "{i}" : String($0) }.joined(separator: ".")
    }
}
