import OTLP

/// Works out plans, and remembers them.
struct SpanPlanner: Sendable {
    let rules: CompiledRules
    private(set) var plans: [SpanPlan] = []
    private var byHash: [UInt64: [Int]] = [:]

    init(rules: CompiledRules) {
        self.rules = rules
    }

    var isFull: Bool { plans.count > 1024 }

    /// The number of the plan of the span that is looked at.
    mutating func plan(for view: SpanView) -> Int {
        let kind = SpanKindClass(view.record.kind)
        var hash =
            UInt64(UInt32(bitPattern: view.scopeClass)) << 32
            | UInt64(UInt32(bitPattern: view.nameClass))
        hash = Self.mix(hash &+ UInt64(view.flags.rawValue) << 2 &+ UInt64(kind.rawValue))
        // A sum, since the order of attributes does not matter.
        for number in view.planned {
            hash &+= Self.mix(UInt64(UInt32(bitPattern: number)))
        }
        if let numbers = byHash[hash] {
            for number in numbers where matches(number, view, kind) { return number }
        }
        plans.append(make(for: view, kind))
        byHash[hash, default: []].append(plans.count - 1)
        return plans.count - 1
    }

    @inline(__always)
    private static func mix(_ word: UInt64) -> UInt64 {
        let product = (word &+ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(
            by: 0xD6E8_FEB8_6659_FD93)
        return product.high ^ product.low
    }

    private func matches(_ number: Int, _ view: SpanView, _ kind: SpanKindClass) -> Bool {
        plans[number].scope == view.scopeClass && plans[number].name == view.nameClass
            && plans[number].kind == kind && plans[number].flags == view.flags
            && view.has(all: plans[number].classes)
    }

    /// The steps of a plan where these pieces of its value evidence hold.
    mutating func steps(of plan: Int, holding evidence: [Int], _ view: SpanView) -> DialectSteps {
        for variant in plans[plan].variants where variant.evidence == evidence {
            return variant.steps
        }
        let made = makeSteps(plans[plan], evidence, view)
        plans[plan].variants.append(SpanPlan.Variant(evidence: evidence, steps: made))
        return made
    }
}

extension SpanPlanner {
    private func make(for view: SpanView, _ kind: SpanKindClass) -> SpanPlan {
        var plan = SpanPlan(
            classes: view.planned, scope: view.scopeClass, name: view.nameClass, kind: kind,
            flags: view.flags)
        let evidence = rules.rules.evidence
        plan.scores = Array(repeating: 0, count: rules.rules.dialects.count)
        plan.isOwn = Array(repeating: false, count: rules.rules.dialects.count)
        var items: Set<Int> = []
        for number in [view.scopeClass, view.nameClass] + view.planned {
            items.formUnion(view.classes[Int(number)].evidence)
        }
        for item in items { Self.add(evidence.items[item], &plan.scores, &plan.isOwn) }
        for item in view.classes[Int(view.scopeClass)].resourceEvidence {
            plan.scores[evidence.items[item].dialect] += evidence.items[item].weight
        }
        if view.flags.contains(.genAI) {
            for (key, values) in evidence.byKeyAndValue {
                let number = Int(rules.rules.keyTable.id(of: key).number)
                guard number > 0, view.has(Int32(number)) else { continue }
                for (text, item) in values {
                    plan.valueEvidence.append(.init(key: number, text: text, item: item))
                }
            }
        }
        if view.flags.contains(.general) {
            for row in rules.generalRows {
                guard case .attribute(let key) = row.mapping.source.place, row.slot > 0 else {
                    continue
                }
                let number = Int(rules.rules.keyTable.id(of: key).number)
                guard view.has(Int32(number)),
                    let conditions = open(row.mapping.conditions, view, kind, row.mapping.source)
                else { continue }
                plan.general.append(
                    PlannedStep(place: .attribute(number), row: row, conditions: conditions))
            }
        }
        return plan
    }

    private static func add(
        _ item: EvidenceTable.Item, _ scores: inout [Int], _ isOwn: inout [Bool]
    ) {
        scores[item.dialect] += item.weight
        if item.weight > 0 { isOwn[item.dialect] = true }
    }

    /// The winning dialects in the order of the table: one, or several that cannot be told apart.
    private func winners(_ scores: [Int], _ isOwn: [Bool]) -> [Int] {
        let dialects = rules.rules.dialects
        var best: (tier: Int, score: Int)?
        for (dialect, score) in scores.enumerated() where score >= 2 && isOwn[dialect] {
            let tier = dialects[dialect].tier
            // Fallbacks count only where no other dialect is known.
            if let known = best, (known.tier, -known.score) <= (tier, -score) { continue }
            best = (tier, score)
        }
        guard let best else { return [] }
        return scores.indices.filter {
            scores[$0] == best.score && dialects[$0].tier == best.tier && isOwn[$0]
        }
    }

    private func makeSteps(
        _ plan: SpanPlan, _ evidence: [Int], _ view: SpanView
    ) -> DialectSteps {
        var (scores, isOwn) = (plan.scores, plan.isOwn)
        for item in evidence { Self.add(rules.rules.evidence.items[item], &scores, &isOwn) }
        let dialects = winners(scores, isOwn)
        var files: [Int] = []
        for file in dialects.map({ rules.rules.dialects[$0].file }) + rules.rules.commonFiles
        where !files.contains(file) {
            files.append(file)
        }
        let own = dialects.flatMap { rules.rules.dialects[$0].kinds }
        let kinds = own.filter { !$0.isNamed }.compactMap { planned($0, view, plan.kind) }
        let common = rules.rules.commonKinds.filter { !$0.isNamed }
            .compactMap { planned($0, view, plan.kind) }
        return DialectSteps(
            dialects: dialects, name: dialects.first.map { rules.rules.dialects[$0].name },
            steps: files.flatMap { steps(ofFile: $0, view, plan.kind) },
            overrides: own.filter(\.isOverride).compactMap { planned($0, view, plan.kind) },
            kinds: kinds + common, ownKinds: kinds.count)
    }

    private func planned(
        _ kind: KindRow, _ view: SpanView, _ class: SpanKindClass
    ) -> PlannedKind? {
        open(kind.conditions, view, `class`, nil, withDerived: true).map {
            var key = 0
            if case .mapped(_, let name) = kind.decision {
                key = Int(rules.rules.keyTable.id(of: name).number)
            }
            return PlannedKind(conditions: $0, decision: kind.decision, key: key)
        }
    }

    private func steps(
        ofFile file: Int, _ view: SpanView, _ kind: SpanKindClass
    ) -> [PlannedStep] {
        var steps: [PlannedStep] = []
        var eventsDone: Int?
        for (number, row) in rules.files[file].enumerated() {
            let place: PlannedStep.Place
            switch row.mapping.source.place {
            case .attribute(let key):
                let id = Int(rules.rules.keyTable.id(of: key).number)
                guard view.has(Int32(id)) else { continue }
                place = .attribute(id)
            case .attributes:
                let use = RuleSet.PatternUse(file: file, row: number)
                let found = view.planned.filter { view.classes[Int($0)].uses.contains(use) }
                guard !found.isEmpty else { continue }
                place = .attributes(found.sorted())
            case .event:
                guard !view.eventClasses.isEmpty, eventsDone != row.mapping.priority else {
                    continue
                }
                eventsDone = row.mapping.priority
                steps.append(
                    PlannedStep(
                        place: .events(eventRows(file, row.mapping.priority)), row: row,
                        conditions: []))
                continue
            case .resource(let key): place = .resource(key)
            case .scopeName: place = .scopeName
            case .spanName: place = .spanName
            case .spanDuration: place = .spanDuration
            }
            guard let conditions = open(row.mapping.conditions, view, kind, row.mapping.source)
            else { continue }
            steps.append(PlannedStep(place: place, row: row, conditions: conditions))
        }
        return steps
    }

    private func eventRows(_ file: Int, _ priority: Int) -> [CompiledRow] {
        rules.files[file].filter { row in
            if case .event = row.mapping.source.place {
                row.mapping.priority == priority
            } else {
                false
            }
        }
    }

    /// The conditions that values decide; nil where the keys alone say that one does not hold.
    private func open(
        _ conditions: [Condition], _ view: SpanView, _ kind: SpanKindClass, _ source: RowSource?,
        withDerived: Bool = false
    ) -> [OpenCondition]? {
        var open: [OpenCondition] = []
        for condition in conditions {
            switch decide(condition, view, kind, withDerived) {
            case true?: continue
            case false?: return nil
            case nil:
                open.append(
                    OpenCondition(
                        condition, rules.rules.keyTable, paths: rules.paths, source: source))
            }
        }
        return open
    }

    private func decide(
        _ condition: Condition, _ view: SpanView, _ kind: SpanKindClass, _ withDerived: Bool
    ) -> Bool? {
        func isThere(_ key: String) -> Bool {
            view.position(of: rules.rules.keyTable.id(of: key)) != nil
        }
        switch condition {
        case .has(let key, let expected):
            if key.contains("{") {
                let uses = rules.usesByPattern[key] ?? []
                let found = view.planned.contains { number in
                    view.classes[Int(number)].uses.contains { uses.contains($0) }
                }
                return found == expected
            }
            return isThere(key) || withDerived ? nil : !expected
        case .equals(let key, _, _, let expected): return isThere(key) ? nil : !expected
        case .differs(let key, let other, _):
            return isThere(key) && isThere(other) ? nil : false
        case .keyHasPrefix(let key, _): return isThere(key) ? nil : false
        case .scopeIs(let name, let expected): return (view.scopeName == name) == expected
        case .nameIs, .nameHasPrefix:
            guard let place = rules.nameConditions.firstIndex(of: condition) else { return nil }
            return view.classes[Int(view.nameClass)].conditions[place]
        case .operationIs, .isJSON: return nil
        case .isClient: return kind == .client
        case .isServer: return kind == .server
        }
    }
}

extension KindRow {
    /// The row that takes the span's own word, which is asked first anyway.
    var isNamed: Bool {
        if case .mapped(_, "gen_ai.operation.name") = decision { true } else { false }
    }
}
