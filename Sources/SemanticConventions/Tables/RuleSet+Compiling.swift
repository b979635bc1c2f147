import OTLP

extension RuleSet {
    init(files layers: [RuleFiles]) throws(RuleError) {
        var problems = RuleProblems()
        try self.init(files: layers, &problems)
        if let first = problems.found.first { throw first }
    }

    /// Reads what can be read; what cannot is noted.
    private init(files layers: [RuleFiles], _ problems: inout RuleProblems) throws(RuleError) {
        var all = RuleFiles()
        for (number, layer) in layers.enumerated() {
            for (path, text) in layer.texts { all.texts["\(number)/\(path)"] = text }
        }
        version = all.fingerprint

        for layer in layers { layer.noteUnusedFiles(layers, &problems) }
        let targets = TargetTable(layers, &problems)
        maps = Self.readMaps(layers, &problems)
        let reader = RowReader(targets: targets, maps: maps)
        let (dialects, files) = Self.readDialects(layers, reader, &problems)
        let numbers = Dictionary(
            dialects.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        var withKinds = dialects
        commonKinds = Self.readKinds(layers, into: &withKinds, numbers, maps, &problems)
        self.dialects = withKinds
        self.files = files
        commonFiles = ["otel_legacy", "otel_137"].compactMap { name in
            numbers[name].map { dialects[$0].file }
        }
        evidence = Self.readEvidence(layers, numbers, &problems)
        generalRows = Self.readGeneral(layers, reader, &problems)
        types = targets.exported
        normalForms = Self.normalForms(in: commonFiles.map { files[$0] })

        var byShape: [String: [PatternUse]] = [:]
        var withName: [PatternUse] = []
        var sources: Set<String> = []
        for (file, content) in files.enumerated() {
            for (row, mapping) in content.rows.enumerated() {
                switch mapping.source.place {
                case .attribute(let key): sources.insert(key)
                case .attributes(let pattern):
                    let use = PatternUse(file: file, row: row)
                    if let shape = pattern.shape {
                        byShape[shape, default: []].append(use)
                    } else {
                        withName.append(use)
                    }
                default: break
                }
            }
        }
        patternsByShape = byShape
        patternsWithName = withName
        sourceKeys = sources
        keyTable = try Self.keys(
            sources: sources, targets: targets, evidence: evidence, dialects: withKinds,
            commonKinds: commonKinds, files: files, generalRows: generalRows)
    }

    /// Everything that is wrong with the tables of a folder that goes on top of the built-in ones,
    /// in the order of its files and lines; empty where they are right.
    /// - Throws: where the folder, or the built-in tables, cannot be read.
    public static func problems(inDirectory directory: String) throws(RuleError) -> [RuleError] {
        var problems = RuleProblems()
        let layers = [try RuleFiles.builtIn(), try RuleFiles(directory: directory)]
        _ = try RuleSet(files: layers, &problems)
        var seen: Set<RuleError> = []
        return problems.found.filter { seen.insert($0).inserted }.sorted { left, right in
            (left.place.file, left.place.line) < (right.place.file, right.place.line)
        }
    }

    private static func table(
        _ path: String, in layer: RuleFiles, _ columns: String, _ problems: inout RuleProblems
    ) -> [RuleTable.Row] {
        guard let text = layer.texts[path] else { return [] }
        let names = columns.split(separator: " ").map { String($0) }
        return RuleTable(file: path, text: text, columns: names, &problems).rows
    }

    static func rows(
        _ path: String, of layers: [RuleFiles], topFirst: Bool = false, _ columns: String,
        _ problems: inout RuleProblems
    ) -> [RuleTable.Row] {
        var rows: [RuleTable.Row] = []
        for layer in topFirst ? layers.reversed() : layers {
            rows += table(path, in: layer, columns, &problems)
        }
        return rows
    }

    private static func readMaps(
        _ layers: [RuleFiles], _ problems: inout RuleProblems
    ) -> [String: ValueMap] {
        var maps: [String: ValueMap] = [:]
        for row in rows("enums.tsv", of: layers, topFirst: true, "map from to note", &problems) {
            let name = problems.attempt { () throws(RuleError) in try row.text("map") }
            let from = problems.attempt { () throws(RuleError) in try row.text("from") }
            guard let name, let from else { continue }
            maps[name, default: ValueMap(name: name)].add(from: from, to: row["to"])
        }
        return maps
    }

    private static func readDialects(
        _ layers: [RuleFiles], _ reader: RowReader, _ problems: inout RuleProblems
    ) -> ([Dialect], [DialectFile]) {
        var dialects: [Dialect] = []
        var files: [DialectFile] = []
        let columns = "dialect tier input_incl file note"
        for row in rows("dialects.tsv", of: layers, columns, &problems) {
            let count = Dialect.InputCount(rawValue: row["input_incl"])
            if count == nil {
                problems.add(row.error("input_incl", expected: "yes, no, by_provider or as_sent"))
            }
            let name = problems.attempt { () throws(RuleError) in try row.text("dialect") }
            let tier = problems.attempt { () throws(RuleError) in try row.integer("tier") }
            let path = "dialects/" + row["file"]
            guard let layer = layers.last(where: { $0.texts[path] != nil }) else {
                problems.add(row.error("file", expected: "a file of the folder dialects"))
                continue
            }
            var file = files.firstIndex { $0.name == path }
            if file == nil {
                let columns = "source target op when prio v note"
                var content: [MappingRow] = []
                for row in table(path, in: layer, columns, &problems) {
                    let mapping = reader.mapping(
                        row, target: "target", source: "source", &problems)
                    if let mapping { content.append(mapping) }
                }
                let ordered = content.enumerated().sorted {
                    ($0.element.priority, $0.offset) < ($1.element.priority, $1.offset)
                }
                files.append(DialectFile(name: path, rows: ordered.map(\.element)))
                file = files.count - 1
            }
            guard let name, let tier, let count else { continue }
            let dialect = Dialect(
                name: name, tier: tier, inputCount: count, file: file ?? 0)
            if let known = dialects.firstIndex(where: { $0.name == dialect.name }) {
                dialects[known] = dialect
            } else {
                dialects.append(dialect)
            }
        }
        return (dialects, files)
    }

    private static func readKinds(
        _ layers: [RuleFiles], into dialects: inout [Dialect], _ numbers: [String: Int],
        _ maps: [String: ValueMap], _ problems: inout RuleProblems
    ) -> [KindRow] {
        var common: [KindRow] = []
        let columns = "dialect when op note"
        for row in rows("kinds.tsv", of: layers, topFirst: true, columns, &problems) {
            guard let conditions = Condition.conjunction(row["when"]), !conditions.isEmpty else {
                problems.add(row.error("when", expected: "conditions joined by \" & \""))
                continue
            }
            var decision = KindRow.Decision.operation(row["op"])
            if row["op"].isEmpty {
                decision = .none
            } else if row["op"].hasPrefix("map:") {
                let parts = row["op"].dropFirst(4).split(separator: "(")
                guard parts.count == 2, parts[1].hasSuffix(")"), maps[String(parts[0])] != nil
                else {
                    problems.add(
                        row.error("op", expected: "map:NAME(KEY) with a map of enums.tsv"))
                    continue
                }
                decision = .mapped(map: String(parts[0]), key: String(parts[1].dropLast()))
            }
            let kind = KindRow(
                conditions: conditions, decision: decision,
                isOverride: row["note"].hasPrefix("override"))
            if row["dialect"] == "*" {
                common.append(kind)
            } else if let number = numbers[row["dialect"]] {
                dialects[number].kinds.append(kind)
            } else {
                problems.add(row.error("dialect", expected: "a dialect of dialects.tsv or *"))
            }
        }
        return common
    }

    private static func readEvidence(
        _ layers: [RuleFiles], _ numbers: [String: Int], _ problems: inout RuleProblems
    ) -> EvidenceTable {
        var table = EvidenceTable()
        let columns = "dialect weight kind pattern note"
        for row in rows("detect.tsv", of: layers, columns, &problems) {
            let dialect = numbers[row["dialect"]]
            if dialect == nil {
                problems.add(row.error("dialect", expected: "a dialect of dialects.tsv"))
            }
            let weight = problems.attempt { () throws(RuleError) in try self.weight(row) }
            table.items.append(EvidenceTable.Item(dialect: dialect ?? 0, weight: weight ?? 0))
            problems.attempt { () throws(RuleError) in
                try table.add(table.items.count - 1, row)
            }
        }
        return table
    }

    private static func weight(_ row: RuleTable.Row) throws(RuleError) -> Int {
        let weight = try row.integer("weight")
        guard (-1000...1000).contains(weight) else {
            throw row.error("weight", expected: "a weight from -1000 to 1000")
        }
        return row["kind"] == "not" ? -abs(weight) : weight
    }

    private static func readGeneral(
        _ layers: [RuleFiles], _ reader: RowReader, _ problems: inout RuleProblems
    ) -> [MappingRow] {
        var general: [MappingRow] = []
        let columns = "old new op when since scope status note"
        for row in rows("general.tsv", of: layers, columns, &problems) {
            if row["new"].isEmpty || ["resources", "metrics"].contains(row["scope"]) { continue }
            let mapping = reader.mapping(row, target: "new", source: "old", &problems)
            if let mapping, !mapping.isKept { general.append(mapping) }
        }
        return general
    }

    /// A scalar's row onto itself in the common files says what its right values look like.
    private static func normalForms(in files: [DialectFile]) -> [String: [ValueOperation]] {
        var forms: [String: [ValueOperation]] = [:]
        for row in files.flatMap(\.rows) {
            guard case .attribute(let key) = row.source.place, row.source.path == nil,
                case .attribute(let target, let type) = row.target, key == target,
                type != .document
            else { continue }
            if forms[key] == nil { forms[key] = row.operations }
        }
        return forms
    }

    /// What a `KeyTable` can number.
    private static let maximumKeys = 60_000

    private static func keys(
        sources: Set<String>, targets: TargetTable, evidence: EvidenceTable, dialects: [Dialect],
        commonKinds: [KindRow], files: [DialectFile], generalRows: [MappingRow]
    ) throws(RuleError) -> KeyTable {
        var keys = sources
        keys.formUnion(targets.exported.keys)
        keys.formUnion(evidence.byKey.keys)
        keys.formUnion(evidence.byKeyAndValue.keys)
        keys.formUnion(evidence.byResourceKey.map(\.key))
        for kind in commonKinds + dialects.flatMap(\.kinds) {
            keys.formUnion(kind.conditions.flatMap(\.keys))
            if case .mapped(_, let key) = kind.decision { keys.insert(key) }
        }
        for row in files.flatMap(\.rows) + generalRows {
            keys.formUnion(row.conditions.flatMap(\.keys))
            if case .attribute(let key) = row.source.place { keys.insert(key) }
            if case .attribute(let key, _) = row.target { keys.insert(key) }
        }
        keys.formUnion([
            "input.mime_type", "output.mime_type", Provenance.dialect, Provenance.derived,
            Provenance.loss, Provenance.dropped,
        ])
        guard keys.count <= maximumKeys else {
            throw .unreadable(
                path: "rules", reason: "\(keys.count) keys where \(maximumKeys) are allowed")
        }
        return KeyTable(keys.sorted())
    }
}

extension EvidenceTable {
    fileprivate mutating func add(_ item: Int, _ row: RuleTable.Row) throws(RuleError) {
        let pattern = try row.text("pattern")
        func keyAndValue() throws(RuleError) -> (String, String) {
            guard let equals = pattern.firstIndex(of: "="), equals != pattern.startIndex else {
                throw row.error("pattern", expected: "KEY=VALUE")
            }
            return (String(pattern[..<equals]), String(pattern[pattern.index(after: equals)...]))
        }
        switch row["kind"] {
        case "attr": byKey[pattern, default: []].append(item)
        case "attr^", "not": byKeyPrefix.append((pattern, item))
        case "attr=":
            let (key, value) = try keyAndValue()
            byKeyAndValue[key, default: []].append((value, item))
        case "event": byEventName[pattern, default: []].append(item)
        case "event^": byEventPrefix.append((pattern, item))
        case "span^": bySpanNamePrefix.append((pattern, item))
        case "scope": byScope[pattern, default: []].append(item)
        case "scope^": byScopePrefix.append((pattern, item))
        case "scope~":
            guard let regex = ScopePattern(pattern) else {
                throw row.error("pattern", expected: "a regular expression")
            }
            byScopePattern.append((regex, item))
        case "schema^": bySchemaPrefix.append((pattern, item))
        case "res": byResourceKey.append((pattern, nil, item))
        case "res=":
            let (key, value) = try keyAndValue()
            byResourceKey.append((key, value, item))
        default:
            throw row.error(
                "kind",
                expected: "attr attr^ attr= not event event^ span^ scope scope^ scope~ schema^ res "
                    + "or res=")
        }
    }
}
