/// The attributes that rows may write, and the names under which they are written.
struct TargetTable {
    /// The types of literal attributes, by the name that is written.
    private(set) var exported: [String: ValueType] = [:]
    /// What rows call an attribute, and what is written.
    private var names: [String: String] = [:]
    /// Names with a place for an index or a name: what rows call them, what is written, the type.
    private var templates: [(pattern: KeyPattern, exported: KeyPattern, type: ValueType)] = []

    init(_ layers: [RuleFiles], _ problems: inout RuleProblems) {
        let canonical = "key type since name_1_41 applies sens note"
        for row in RuleSet.rows("canonical.tsv", of: layers, canonical, &problems) {
            problems.attempt { () throws(RuleError) in
                try add(row, name: row.text("key"), exported: row.text("key"))
            }
        }
        for row in RuleSet.rows("ext.tsv", of: layers, "key type export_as why", &problems) {
            problems.attempt { () throws(RuleError) in
                try add(row, name: row.text("key"), exported: row.text("export_as"))
            }
        }
    }

    private mutating func add(
        _ row: RuleTable.Row, name: String, exported: String
    ) throws(RuleError) {
        guard var type = ValueType(cell: row["type"]) else {
            throw row.error("type", expected: "string int double bool string[] int[] or any")
        }
        if name.hasPrefix("ext.metadata.") { type = .any }
        if name.contains("{") {
            guard let pattern = KeyPattern(name) else {
                throw row.error("key", expected: "one {i} or one {key}")
            }
            guard let written = KeyPattern(exported) else {
                throw row.error("export_as", expected: "the same {i} or {key} as the key")
            }
            templates.append((pattern, written, type))
        } else {
            names[name] = exported
            self.exported[exported] = type
        }
    }

    /// The target that a name means; nil where there is none of that name.
    func target(_ name: String, captures: KeyPattern?) -> RowTarget? {
        if let exported = names[name] {
            return .attribute(exported, self.exported[exported] ?? .any)
        }
        if let template = templates.first(where: { $0.pattern.text == name }) {
            guard let captures else { return nil }
            return Self.named(template.exported, captures, template.type)
        }
        for template in templates {
            if let (shape, indices) = KeyPattern.shape(of: name), shape == template.pattern.shape,
                let index = indices.first
            {
                let written = template.exported.text.split(separator: ".").map {
                    $0 == "{i}" ? "\(index)" : String($0)
                }
                return .attribute(written.joined(separator: "."), template.type)
            }
            if let key = template.pattern.name(in: name), let affixes = template.exported.affixes {
                return .attribute(affixes.prefix + key + affixes.suffix, template.type)
            }
        }
        if name.hasPrefix("gen_ai.") || name.hasPrefix("ext.") || name.contains("{") { return nil }
        return .attribute(name, .any)
    }

    private static func named(
        _ written: KeyPattern, _ captures: KeyPattern, _ type: ValueType
    ) -> RowTarget? {
        if let affixes = written.affixes {
            guard captures.affixes != nil else { return nil }
            return .named(prefix: affixes.prefix, hole: .key, suffix: affixes.suffix, type)
        }
        guard let name = written.indexNames.first, captures.indexNames.contains(name),
            let hole = written.text.range(of: "{\(name)}")
        else { return nil }
        return .named(
            prefix: String(written.text[..<hole.lowerBound]), hole: .index(name),
            suffix: String(written.text[hole.upperBound...]), type)
    }
}

/// Reads rows of dialect files and of general.tsv.
struct RowReader {
    var targets: TargetTable
    var maps: [String: ValueMap]

    /// The row; nil where a cell is wrong, each of which is noted.
    func mapping(
        _ row: RuleTable.Row, target: String, source: String, _ problems: inout RuleProblems
    ) -> MappingRow? {
        let from = RowSource(cell: row[source])
        if from == nil {
            problems.add(
                row.error(
                    source,
                    expected: "a key, a pattern, KEY#PATH, @event:, @res:, @scope.name or @span."))
        }
        let written = from.flatMap { from in
            problems.attempt { () throws(RuleError) in try self.target(row, target, from) }
        }
        let operations = problems.attempt { () throws(RuleError) in try self.operations(row) }
        let conditions = Condition.conjunction(row["when"])
        if conditions == nil {
            problems.add(row.error("when", expected: "conditions joined by \" & \""))
        }
        let priority = problems.attempt { () throws(RuleError) in
            row.columns.contains("prio") ? try row.integer("prio", default: 50) : 50
        }
        guard let from, let written, let operations, let conditions, let priority else {
            return nil
        }
        return MappingRow(
            source: from, target: written, operations: operations, conditions: conditions,
            priority: priority)
    }

    private func operations(_ row: RuleTable.Row) throws(RuleError) -> [ValueOperation] {
        guard let operations = ValueOperation.pipeline(row["op"]) else {
            throw row.error("op", expected: "operations joined by >")
        }
        for case .map(let name) in operations where maps[name] == nil {
            throw row.error("op", expected: "a map of enums.tsv")
        }
        return operations
    }

    private func target(
        _ row: RuleTable.Row, _ column: String, _ source: RowSource
    ) throws(RuleError) -> RowTarget {
        let cell = try row.text(column)
        if cell == "-" { return .nowhere }
        var pattern: KeyPattern?
        if case .attributes(let captured) = source.place { pattern = captured }
        for document in Document.allCases where cell.hasPrefix(document.rawValue) {
            let rest = cell.dropFirst(document.rawValue.count)
            guard rest.isEmpty || rest.first == "[" || rest.first == "." else { continue }
            if rest.first == ".", document != .system { continue }
            guard let path = DocumentPath(rest, of: document),
                path.indexNames.allSatisfy({ pattern?.indexNames.contains($0) ?? false })
            else { throw row.error(column, expected: "a path of the document \(document.key)") }
            return .document(document, path)
        }
        if let document = Document.allCases.first(where: { $0.key == cell }) {
            return .document(document, .whole)
        }
        if row.columns.contains("old"), cell.contains("{") {
            return try generalPattern(cell, pattern, row, column)
        }
        guard let target = targets.target(cell, captures: pattern) else {
            throw row.error(
                column, expected: "a key of canonical.tsv or ext.tsv, or a path of a document")
        }
        return target
    }

    private func generalPattern(
        _ cell: String, _ pattern: KeyPattern?, _ row: RuleTable.Row, _ column: String
    ) throws(RuleError) -> RowTarget {
        guard pattern?.affixes != nil, let written = KeyPattern(cell)?.affixes else {
            throw row.error(column, expected: "the same {key} as the old key")
        }
        return .named(prefix: written.prefix, hole: .key, suffix: written.suffix, .any)
    }
}
