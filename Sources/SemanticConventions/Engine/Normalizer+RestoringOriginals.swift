public import OTLP

extension Normalizer {
    /// Takes back what normalising did: removes what it added, and moves replaced values back.
    ///
    /// Exact for spans that carry `tracemend.dialect`: keys in `tracemend.derived` go,
    /// `tracemend.original.<key>` becomes `<key>` again, provenance goes. The general renames of
    /// other spans stay, since they only repeat what is there; normalising again does not change
    /// them. So `normalize` after `restoreOriginals` gives what `normalize` gave before it.
    public func restoreOriginals(_ batch: inout TraceBatch) {
        // A table that knows the key has numbered every attribute that has it.
        let dialect = batch.keys.id(of: Provenance.dialect)
        for span in batch.spans.indices {
            let range = batch.spans[span].attributes
            guard
                batch.attributes(range).contains(where: {
                    dialect != .unknown
                        ? $0.keyID == dialect : batch.text($0.key, equals: "tracemend.dialect")
                })
            else { continue }
            restore(span, of: &batch)
        }
    }

    private func restore(_ span: Int, of batch: inout TraceBatch) {
        let range = batch.spans[span].attributes
        guard batch.attribute(Provenance.dropped, in: range) == nil else { return }
        var derived: Set<String> = []
        if case .array(let keys)? = batch.value(Provenance.derived, in: range) {
            derived = Set(keys.compactMap(\.stringValue))
        }
        derived.formUnion([Provenance.derived, Provenance.dialect, Provenance.loss])
        var restored: [Attribute] = []
        for attribute in Array(batch.attributes(range)) {
            let key = batch.key(of: attribute)
            if derived.contains(key) { continue }
            guard key.hasPrefix(Provenance.originalPrefix) else {
                restored.append(attribute)
                continue
            }
            var original = attribute
            let length = Provenance.originalPrefix.utf8.count
            original.key = Slice(
                offset: attribute.key.offset + UInt32(length),
                length: attribute.key.length - UInt32(length))
            original.keyID = batch.keys.id(of: String(key.dropFirst(length)))
            restored.append(original)
        }
        batch.replaceAttributes(ofSpan: span, with: restored)
    }
}
