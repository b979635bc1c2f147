import OTLP

extension SpanDerivation {
    /// The attribute that a row writes whose name takes what the source captured.
    func attributeName(_ row: CompiledRow, _ captures: KeyPattern.Captures) -> String {
        switch row.mapping.target {
        case .nowhere, .document: return ""
        case .attribute(let name, _): return name
        case .named(let prefix, .key, let suffix, _): return prefix + captures.key + suffix
        case .named(let prefix, .index(let name), let suffix, _):
            guard case .attributes(let pattern) = row.mapping.source.place,
                let place = pattern.indexNames.firstIndex(of: name),
                place < captures.indices.count
            else { return prefix + suffix }
            return "\(prefix)\(captures.indices[place])\(suffix)"
        }
    }

    /// Sets the value of an attribute, by its number or, where it has none, by its name.
    mutating func set(_ slot: Int, _ name: String, _ value: Derived) {
        if slot > 0 { set(slot, value) } else { named[name] = value }
    }

    /// Takes a row's result for an attribute that has no value yet.
    mutating func keep(_ result: JSONValue, of row: CompiledRow, _ slot: Int, _ name: String) {
        if row.isSum {
            if let number = result.number, slot > 0 { sums[slot, default: 0] += number }
        } else if slot > 0 ? values[slot] == nil : named[name] == nil,
            !result.isBlank || (row.mapping.operations.last == .arguments && result.object != nil)
        {
            set(slot, name, .made(result))
        }
    }

    mutating func put(
        _ row: CompiledRow, _ value: JSONValue, _ captures: KeyPattern.Captures,
        role known: String? = nil, in batch: TraceBatch
    ) {
        let role = row.document == .output ? row.role : known ?? row.role
        guard
            let result = rules.pipeline.apply(
                row.mapping.operations, to: value, role: role,
                startTime: view.record.startTimeUnixNano)
        else { return }
        if case .document(let document, let path) = row.mapping.target {
            put(.json(result), document, path, row.mapping.source, captures)
            return
        }
        let name = row.slot > 0 ? "" : attributeName(row, captures)
        let slot = row.slot > 0 ? row.slot : Int(rules.rules.keyTable.id(of: name).number)
        if row.isSelf, row.type == .document, values[slot] == nil, !result.isBlank,
            result != value.unwrapped
        {
            unwraps.append(slot)
        }
        keep(result, of: row, slot, name)
    }

    mutating func put(
        _ value: FieldValue, _ document: Document, _ path: DocumentPath, _ source: RowSource,
        _ captures: KeyPattern.Captures, from position: Int? = nil
    ) {
        func index(_ reference: IndexReference) -> Int? {
            switch reference {
            case .number(let number): return number
            case .captured(let name):
                guard case .attributes(let pattern) = source.place,
                    let place = pattern.indexNames.firstIndex(of: name),
                    place < captures.indices.count
                else { return nil }
                return captures.indices[place]
            }
        }
        let number = document.number
        guard !right.contains(number) else { return }
        // In place: a copy for each indexed key would make long conversations slow.
        switch (path, value) {
        case (.whole, .json(let value)):
            documents[number, default: document].add(value.array ?? [value], group: group)
        case (.text, .json(let value)):
            documents[number, default: document].add(
                [PartReader.text(value.asText)], group: group)
        case (.whole, .text), (.text, .text): break
        case (.element(let reference), _):
            guard let place = index(reference) else { return }
            documents[number, default: document].set(place, .element, value)
        case (.field(let reference, let field), _):
            guard let place = index(reference) else { return }
            documents[number, default: document].set(place, field, value, from: position)
        case (.call(let reference, let call, let field), _):
            guard let place = index(reference), let call = index(call) else { return }
            documents[number, default: document].setCall(
                place, call, field, value, from: position)
        case (.part(let reference, let part, let field), _):
            guard let place = index(reference), let part = index(part) else { return }
            documents[number, default: document].setPart(place, part, field, value)
        }
    }
}

extension [DocumentBuilder?] {
    /// The builder at a place, made where there is none.
    fileprivate subscript(number: Int, default document: Document) -> DocumentBuilder {
        get { self[number] ?? DocumentBuilder(document) }
        _modify {
            if self[number] == nil { self[number] = DocumentBuilder(document) }
            var builder = self[number].take() ?? DocumentBuilder(document)
            defer { self[number] = builder }
            yield &builder
        }
    }
}
