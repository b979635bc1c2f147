import OTLP

extension SpanDerivation {
    mutating func apply(_ step: PlannedStep, in batch: TraceBatch) {
        switch step.place {
        case .attribute(let key):
            guard let position = view.position(of: key) else { return }
            apply(step, at: position, nil, in: batch)
        case .attributes(let classes): applyAll(step, classes, in: batch)
        case .events(let rows): applyEvents(rows, in: batch)
        case .resource(let key):
            let resource = batch.resource(of: view.record)
            guard let value = batch.value(key, in: resource.attributes) else { return }
            apply(step.row, step.conditions, value: JSONValue(value), in: batch)
        case .scopeName:
            apply(step.row, step.conditions, value: .string(view.scopeName), in: batch)
        case .spanName:
            let name = batch.string(view.record.name)
            apply(step.row, step.conditions, value: .string(name), in: batch)
        case .spanDuration:
            let (duration, overflow) = view.record.endTimeUnixNano.subtractingReportingOverflow(
                view.record.startTimeUnixNano)
            if !overflow {
                apply(step.row, step.conditions, value: .double(Double(duration)), in: batch)
            }
        }
    }

    private mutating func applyEvents(_ rows: [CompiledRow], in batch: TraceBatch) {
        let events = batch.events[view.record.events.indices]
        let ordered = events.enumerated().sorted {
            ($0.element.timeUnixNano, $0.offset) < ($1.element.timeUnixNano, $1.offset)
        }
        for (_, event) in ordered {
            let eventName = batch.string(event.name)
            for row in rows {
                guard case .event(let name, let key) = row.mapping.source.place,
                    name == eventName
                else { continue }
                let conditions = row.conditions
                guard let key else {
                    let body = eventBody(event, eventName, in: batch)
                    apply(row, conditions, value: body, in: batch)
                    continue
                }
                guard let value = batch.value(key, in: event.attributes) else { continue }
                apply(
                    row, conditions, value: JSONValue(value), role: Self.role(of: eventName),
                    in: batch)
            }
        }
    }

    /// An event's attributes as one object; its name says the role where they do not.
    private func eventBody(
        _ event: EventRecord, _ name: String, in batch: TraceBatch
    ) -> JSONValue {
        var members = batch.keyValues(event.attributes).map {
            JSONValue.Member($0.key, JSONValue($0.value).unwrapped)
        }
        if let role = Self.role(of: name), !members.contains(where: { $0.name == "role" }) {
            members.insert(.init("role", .string(role)), at: 0)
        }
        return .object(members)
    }

    /// The role that an event's name says: `gen_ai.user.message`.
    private static func role(of event: String) -> String? {
        let parts = event.split(separator: ".")
        return parts.count == 3 && parts[2] == "message" ? String(parts[1]) : nil
    }

    /// A pattern's matches in the order of their indices.
    private mutating func applyAll(
        _ step: PlannedStep, _ classes: [Int32], in batch: TraceBatch
    ) {
        let row = step.row
        var matches: [(captures: KeyPattern.Captures, position: Int)] = []
        for number in classes {
            view.matches(of: number, row.use) { matches.append(($1, $0)) }
        }
        if matches.count > 1 {
            matches.sort { ($0.captures, $0.position) < ($1.captures, $1.position) }
        }
        if row.slot > 0, let type = row.type, type == .strings || type == .ints,
            matches.allSatisfy({ !$0.captures.indices.isEmpty }), row.mapping.source.path == nil
        {
            guard values[row.slot] == nil, let first = matches.first,
                holds(step.conditions, source: first.position, in: batch)
            else { return }
            let elements = matches.compactMap {
                rules.pipeline.apply(
                    row.mapping.operations, to: view.value(at: $0.position, in: batch))
            }
            if !elements.isEmpty { set(row.slot, .made(.array(elements))) }
            return
        }
        for match in matches { apply(step, at: match.position, match.captures, in: batch) }
    }

    private mutating func apply(
        _ step: PlannedStep, at position: Int, _ captures: KeyPattern.Captures?,
        in batch: TraceBatch
    ) {
        let row = step.row
        guard isWanted(row),
            step.conditions.isEmpty || holds(step.conditions, source: position, in: batch)
        else { return }
        guard row.loss == .none else {
            noteLoss(of: row, at: position, captures, in: batch)
            return
        }
        let value = batch.attributes[position].value
        if row.mapping.source.path != nil {
            applyPart(row, at: position, captures, in: batch)
        } else if row.type != nil {
            applyScalar(row, value, at: position, captures, in: batch)
        } else {
            applyToDocument(row, value, at: position, captures, in: batch)
        }
    }

    /// A part of the document that the value holds.
    private mutating func applyPart(
        _ row: CompiledRow, at position: Int, _ captures: KeyPattern.Captures?,
        in batch: TraceBatch
    ) {
        if !row.isSelf, case .string = batch.attributes[position].value,
            let outcome = memo.outcome(row, batch.attributes[position].value, in: batch)
        {
            switch outcome {
            case .nothing: return
            case .made(let result) where row.slot > 0:
                keep(result, of: row, row.slot, "")
                return
            case .made, .same: break
            }
        }
        guard let path = row.mapping.source.path,
            let document = view.document(at: position, in: batch),
            let part = path.value(in: document)
        else { return }
        put(row, part, captures ?? KeyPattern.Captures(), in: batch)
    }

    private mutating func applyScalar(
        _ row: CompiledRow, _ value: FlatValue, at position: Int,
        _ captures: KeyPattern.Captures?, in batch: TraceBatch
    ) {
        let name = row.slot > 0 ? "" : attributeName(row, captures ?? KeyPattern.Captures())
        let slot = row.slot > 0 ? row.slot : Int(rules.rules.keyTable.id(of: name).number)
        if !row.isSum, slot > 0 ? values[slot] != nil : named[name] != nil { return }
        if row.takesVerbatim(value) {
            if !view.isBlank(at: position, in: batch) {
                set(slot, name, .taken(position: position))
            }
            return
        }
        switch (row.mapping.operations[0], value) {
        case (.int, .int(let number)) where row.mapping.operations.count == 1:
            set(slot, name, .int(number))
            return
        case (.number, .double(let number))
        where row.mapping.operations.count == 1 && number.isFinite:
            set(slot, name, .double(number))
            return
        case (.number, .int(let number)) where row.mapping.operations.count == 1:
            set(slot, name, .double(Double(number)))
            return
        default: break
        }
        guard !row.readsDocument, let outcome = memo.outcome(row, value, in: batch) else {
            applyRead(row, value, at: position, captures ?? KeyPattern.Captures(), in: batch)
            return
        }
        switch outcome {
        case .nothing: return
        case .same: set(slot, name, .taken(position: position))
        case .made(let result):
            if row.isSelf, row.type == .document {
                put(
                    row, view.value(at: position, in: batch), captures ?? KeyPattern.Captures(),
                    in: batch)
            } else {
                keep(result, of: row, slot, name)
            }
        }
    }

    private mutating func applyToDocument(
        _ row: CompiledRow, _ value: FlatValue, at position: Int,
        _ captures: KeyPattern.Captures?, in batch: TraceBatch
    ) {
        guard case .document(let document, let path) = row.mapping.target else { return }
        let operations = row.mapping.operations
        let captures = captures ?? KeyPattern.Captures()
        if case .string(let slice) = value, path.isField {
            if operations == [.string] || operations == [.copy] {
                put(.text(slice), document, path, row.mapping.source, captures, from: position)
                return
            }
            if let outcome = memo.outcome(row, value, in: batch) {
                guard case .made(let result) = outcome else { return }
                if let text = result.string, SpanView.isEqual(slice, text, in: batch) {
                    put(.text(slice), document, path, row.mapping.source, captures, from: position)
                    return
                }
                let isWhole = result.string == nil && operations == [.json]
                put(
                    .json(result), document, path, row.mapping.source, captures,
                    from: isWhole ? position : nil)
                return
            }
        }
        applyRead(row, value, at: position, captures, in: batch)
    }

    private mutating func applyRead(
        _ row: CompiledRow, _ value: FlatValue, at position: Int,
        _ captures: KeyPattern.Captures, in batch: TraceBatch
    ) {
        var given = view.value(at: position, in: batch)
        if given == .null { return }
        if row.readsDocument, isStructure(value, in: batch) {
            guard let content = view.document(at: position, in: batch) else {
                losses.insert("unreadable:\(batch.key(of: batch.attributes[position]))")
                return
            }
            given = content
        }
        put(row, given, captures, in: batch)
    }

    private mutating func apply(
        _ row: CompiledRow, _ conditions: [OpenCondition], value: JSONValue, role: String? = nil,
        in batch: TraceBatch
    ) {
        guard isWanted(row), holds(conditions, source: nil, in: batch), value != .null else {
            return
        }
        guard row.loss == .none else {
            if row.loss == .told { losses.insert(row.lossText) }
            return
        }
        var value = value
        if let path = row.mapping.source.path {
            guard let part = path.value(in: value.unwrapped) else { return }
            value = part
        }
        put(row, value, KeyPattern.Captures(), role: role, in: batch)
    }

    private func isStructure(_ value: FlatValue, in batch: TraceBatch) -> Bool {
        guard case .string(let slice) = value else { return false }
        let first = batch.bytes(slice).first { $0 != 32 && $0 != 10 }
        return first == UInt8(ascii: "[") || first == UInt8(ascii: "{")
    }

    /// The row's target can still take something.
    @inline(__always)
    private func isWanted(_ row: CompiledRow) -> Bool {
        if row.slot > 0 { return values[row.slot] == nil || row.isSum }
        if let document = row.document { return !right.contains(document.number) }
        return true
    }

    /// Notes what has no home.
    private mutating func noteLoss(
        of row: CompiledRow, at position: Int, _ captures: KeyPattern.Captures?,
        in batch: TraceBatch
    ) {
        guard row.loss == .told else { return }
        guard captures != nil else {
            losses.insert(row.lossText)
            return
        }
        let key = batch.key(of: batch.attributes[position])
        if !rules.kindKeys.contains(key) { losses.insert("no_field:\(key)") }
    }
}
