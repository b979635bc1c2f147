import OTLP

/// What the scope and the resource of spans say about the dialect.
enum ScopeEvidence {
    static func look(at scope: ScopeRecord, in batch: TraceBatch, _ rules: RuleSet) -> KeyClass {
        let evidence = rules.evidence
        let resource = batch.resources[Int(scope.resource)]
        let name = batch.string(scope.name)
        var found = KeyClass()
        found.text = name
        found.evidence += evidence.byScope[name] ?? []
        found.evidence += evidence.byScopePrefix.filter { name.hasPrefix($0.prefix) }.map(\.item)
        found.evidence += evidence.byScopePattern.filter { $0.pattern.matches(name) }.map(\.item)
        if !scope.schemaURL.isEmpty || !resource.schemaURL.isEmpty {
            let schemas = [batch.string(scope.schemaURL), batch.string(resource.schemaURL)]
            found.evidence += evidence.bySchemaPrefix.filter { item in
                schemas.contains { $0.hasPrefix(item.prefix) }
            }.map(\.item)
        }
        if !found.evidence.isEmpty { found.flags = .evidence }
        for (key, value, item) in evidence.byResourceKey {
            guard let present = batch.value(key, in: resource.attributes) else { continue }
            if value == nil || present.stringValue == value { found.resourceEvidence.append(item) }
        }
        return found
    }
}
