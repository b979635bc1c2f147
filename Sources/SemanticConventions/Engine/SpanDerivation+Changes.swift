import OTLP

extension SpanDerivation {
    /// Collects what of the derived values differs from what the span has.
    mutating func collect(
        into changes: inout SpanChanges, _ edits: inout BatchEdits, in batch: TraceBatch
    ) {
        writeDocuments(into: &changes, &edits, in: batch)
        for slot in filled {
            guard let derived = values[slot] else { continue }
            collect(derived, slot, into: &changes, &edits, in: batch)
        }
        if !named.isEmpty { collectNamed(into: &changes, &edits, in: batch) }
        withdraw(from: &changes, in: batch)
        coerce(into: &changes, &edits, in: batch)
    }

    /// Values that the conventions do not have: a framework is no provider, a task no operation.
    private func withdraw(from changes: inout SpanChanges, in batch: TraceBatch) {
        for slot in rules.mappedKeys where values[slot] == nil {
            guard let form = rules.normalForms[slot], let position = view.position(of: slot),
                !view.isBlank(at: position, in: batch)
            else { continue }
            if (slot == rules.known.operation && operation == .none)
                || rules.pipeline.apply(form, to: view.value(at: position, in: batch)) == nil
            {
                changes.withdraw(slot, at: position)
            }
        }
    }

    private mutating func writeDocuments(
        into changes: inout SpanChanges, _ edits: inout BatchEdits, in batch: TraceBatch
    ) {
        for number in documents.indices {
            guard let builder = documents[number] else { continue }
            let reasons = builder.document == .output ? writtenFinishReasons : nil
            var saysSomething = false
            let text = edits.slice {
                saysSomething = builder.write(to: &$0, finishReasons: reasons, in: batch)
            }
            guard saysSomething else {
                edits.removeLast(text)
                continue
            }
            changes.add(
                Int(rules.documentKeys[number].number), "", .string(text),
                replacing: view.position(of: rules.documentKeys[number]))
        }
    }

    private mutating func collect(
        _ derived: Derived, _ slot: Int, into changes: inout SpanChanges,
        _ edits: inout BatchEdits, in batch: TraceBatch
    ) {
        let type = rules.types[slot]
        let position = view.position(of: slot)
        let made: AnyValue
        switch derived {
        case .taken(let source):
            if source == position { return }
            let value = batch.attributes[source].value
            if let position, isRight(position, slot, type, instead: nil, in: batch) { return }
            changes.add(slot, "", value, replacing: position, source: source)
            return
        case .int(let number) where type == .int || type == .any: made = .int(number)
        case .int(let number) where type == .double: made = .double(Double(number))
        case .double(let number) where type == .double || type == .any: made = .double(number)
        case .int(let number):
            guard let converted = type.attributeValue(of: .int(number)) else { return }
            made = converted
        case .double(let number):
            guard let converted = type.attributeValue(of: .double(number)) else { return }
            made = converted
        case .made(let json):
            if let position, isSame(json, type, at: position, in: batch) { return }
            guard let converted = type.attributeValue(of: json) else { return }
            made = converted
        }
        if let position, isRight(position, slot, type, instead: made, in: batch) { return }
        changes.add(slot, "", edits.flatten(made), replacing: position)
    }

    /// The text that is there is the one that was made.
    private func isSame(
        _ made: JSONValue, _ type: ValueType, at position: Int, in batch: TraceBatch
    ) -> Bool {
        guard case .string(let text) = made, type == .string || type == .any || type == .document,
            case .string(let slice) = batch.attributes[position].value
        else { return false }
        return SpanView.isEqual(slice, text, in: batch)
    }

    private mutating func collectNamed(
        into changes: inout SpanChanges, _ edits: inout BatchEdits, in batch: TraceBatch
    ) {
        let positions = view.patternPositions(in: batch)
        for (name, derived) in named {
            let position = positions[name]
            switch derived {
            case .taken(let source):
                if source == position { continue }
                if let position, batch.anyValue(of: batch.attributes[position]) != .string("") {
                    continue
                }
                let value = batch.attributes[source].value
                changes.add(0, name, value, replacing: position, source: source)
            case .made, .int, .double:
                let json: JSONValue =
                    switch derived {
                    case .made(let made): made
                    case .int(let number): .int(number)
                    case .double(let number): .double(number)
                    case .taken: .null
                    }
                guard let made = ValueType.any.attributeValue(of: json) else { continue }
                if let position, batch.anyValue(of: batch.attributes[position]) != .string("") {
                    continue
                }
                changes.add(0, name, edits.flatten(made), replacing: position)
            }
        }
    }

    /// The present value is the canonical one already, so that nothing may replace it.
    private func isRight(
        _ position: Int, _ slot: Int, _ type: ValueType, instead made: AnyValue?,
        in batch: TraceBatch
    ) -> Bool {
        let present = batch.anyValue(of: batch.attributes[position])
        if made == present { return true }
        guard type.accepts(present), present != .string(""), !replaced.contains(slot) else {
            return false
        }
        // A row of the dialect that reads the very key tells another shape, such as wrapped
        // arguments; the operation is decided as a whole.
        if slot == rules.known.operation { return false }
        if type == .document, unwraps.contains(slot) { return false }
        guard let form = rules.normalForms[slot] else { return true }
        guard let normal = rules.pipeline.apply(form, to: JSONValue(present)),
            let converted = type.attributeValue(of: normal)
        else { return false }
        return converted == present
    }

    /// Values of the wrong type, such as numbers in text, become their type's.
    private func coerce(
        into changes: inout SpanChanges, _ edits: inout BatchEdits, in batch: TraceBatch
    ) {
        for slot in view.mistyped where values[slot] == nil {
            guard let type = rules.coerced[slot], let position = view.position(of: slot) else {
                continue
            }
            let present = batch.anyValue(of: batch.attributes[position])
            guard !type.accepts(present), present != .string(""),
                let converted = type.attributeValue(of: JSONValue(present)), converted != present
            else { continue }
            changes.add(slot, "", edits.flatten(converted), replacing: position)
        }
    }

    /// Adds the current names of the span's general attributes that it does not have yet.
    mutating func renameGeneral(
        _ plan: Int, into changes: inout SpanChanges, _ edits: inout BatchEdits,
        in batch: TraceBatch
    ) {
        for step in planner.plans[plan].general {
            guard case .attribute(let old) = step.place, let position = view.position(of: old),
                view.position(of: step.row.slot) == nil, !view.isBlank(at: position, in: batch),
                holds(step.conditions, source: position, in: batch)
            else { continue }
            let (slot, operations) = (step.row.slot, step.row.mapping.operations)
            let type = step.row.type ?? .any
            if operations == [.copy], type == .any {
                changes.rename(
                    slot, batch.attributes[position].value, source: position)
            } else if let made = rules.pipeline.apply(
                operations, to: view.value(at: position, in: batch)),
                !made.isBlank, let converted = type.attributeValue(of: made)
            {
                changes.rename(slot, edits.flatten(converted))
            }
        }
    }
}
