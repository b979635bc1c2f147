import OTLP

/// Tells which dialects a span is written in.
struct Detection {
    private let rules: RuleSet
    private var scores: [Int]
    /// What the span itself or its scope gave: a resource alone proves nothing.
    private var hasOwnEvidence: [Bool]
    private var byScope: [UInt32: ScopeEvidence] = [:]

    private struct ScopeEvidence {
        var own: [Int] = []
        var resource: [Int] = []
        var name = ""
    }

    init(rules: RuleSet) {
        self.rules = rules
        scores = Array(repeating: 0, count: rules.dialects.count)
        hasOwnEvidence = Array(repeating: false, count: rules.dialects.count)
    }

    /// The name of a span's scope; what the scope tells is looked up once.
    mutating func scopeName(of span: SpanRecord, in batch: TraceBatch) -> String {
        if let known = byScope[span.scope] { return known.name }
        let found = look(at: span, in: batch)
        byScope[span.scope] = found
        return found.name
    }

    /// The winning dialects in the order of the table: one, or several that cannot be told apart.
    mutating func dialects(of view: SpanView, in batch: TraceBatch) -> [Int] {
        for dialect in scores.indices {
            scores[dialect] = 0
            hasOwnEvidence[dialect] = false
        }
        let span = batch.spans[view.span]
        let scope = byScope[span.scope] ?? ScopeEvidence()
        for item in scope.own { add(item) }
        for item in view.evidence { add(item) }
        for (prefix, item) in rules.evidence.bySpanNamePrefix where view.name.hasPrefix(prefix) {
            add(item)
        }
        addValues(of: view, in: batch)
        addEvents(of: span, in: batch)
        for item in scope.resource {
            scores[rules.evidence.items[item].dialect] += rules.evidence.items[item].weight
        }
        return winners()
    }

    private mutating func add(_ item: Int) {
        let item = rules.evidence.items[item]
        scores[item.dialect] += item.weight
        if item.weight > 0 { hasOwnEvidence[item.dialect] = true }
    }

    private mutating func addValues(of view: SpanView, in batch: TraceBatch) {
        guard view.isGenAI else { return }
        for (key, values) in rules.evidence.byKeyAndValue {
            guard let position = view.position(of: rules.keyTable.id(of: key)),
                let text = view.text(at: position, in: batch)
            else { continue }
            for (value, item) in values where value == text { add(item) }
        }
    }

    private mutating func addEvents(of span: SpanRecord, in batch: TraceBatch) {
        var seen: Set<Int> = []
        for event in batch.events[span.events.indices] {
            let name = batch.string(event.name)
            seen.formUnion(rules.evidence.byEventName[name] ?? [])
            for (prefix, item) in rules.evidence.byEventPrefix where name.hasPrefix(prefix) {
                seen.insert(item)
            }
        }
        for item in seen { add(item) }
    }

    private func winners() -> [Int] {
        var best: (tier: Int, score: Int)?
        for (dialect, score) in scores.enumerated() where score >= 2 && hasOwnEvidence[dialect] {
            let tier = rules.dialects[dialect].tier
            // Fallbacks count only where no other dialect is known.
            if let known = best, (known.tier, -known.score) <= (tier, -score) { continue }
            best = (tier, score)
        }
        guard let best else { return [] }
        return scores.indices.filter {
            scores[$0] == best.score && rules.dialects[$0].tier == best.tier && hasOwnEvidence[$0]
        }
    }

    private func look(at span: SpanRecord, in batch: TraceBatch) -> ScopeEvidence {
        let evidence = rules.evidence
        let scope = batch.scope(of: span)
        let resource = batch.resource(of: span)
        let name = batch.string(scope.name)
        var found = ScopeEvidence(name: name)
        found.own += evidence.byScope[name] ?? []
        found.own += evidence.byScopePrefix.filter { name.hasPrefix($0.prefix) }.map(\.item)
        found.own += evidence.byScopePattern.filter { $0.pattern.matches(name) }.map(\.item)
        let schemas = [batch.string(scope.schemaURL), batch.string(resource.schemaURL)]
        found.own += evidence.bySchemaPrefix.filter { item in
            schemas.contains { $0.hasPrefix(item.prefix) }
        }.map(\.item)
        for (key, value, item) in evidence.byResourceKey {
            guard let present = batch.value(key, in: resource.attributes) else { continue }
            if value == nil || present.stringValue == value { found.resource.append(item) }
        }
        return found
    }
}
