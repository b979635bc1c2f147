import OTLP

extension SpanDerivation {
    /// The value goes over as it is: no text is made of it.
    func takesVerbatim(_ row: MappingRow, at position: Int, in batch: TraceBatch) -> Bool {
        guard row.operations.count == 1,
            let (_, type) = attributeName(row.target, row.source, KeyPattern.Captures())
        else { return false }
        let isText =
            if case .string = batch.attributes[position].value { true } else { false }
        switch row.operations[0] {
        case .copy: return type == .any || (isText && (type == .string || type == .document))
        case .string: return isText && (type == .string || type == .any)
        case .json: return isText && type == .document
        default: return false
        }
    }

    /// The attribute that a row writes, and its type; nil for documents and for no target.
    func attributeName(
        _ target: RowTarget, _ source: RowSource, _ captures: KeyPattern.Captures
    ) -> (String, ValueType)? {
        switch target {
        case .nowhere, .document: return nil
        case .attribute(let name, let type): return (name, type)
        case .named(let prefix, .key, let suffix, let type):
            return (prefix + captures.key + suffix, type)
        case .named(let prefix, .index(let name), let suffix, let type):
            guard case .attributes(let pattern) = source.place,
                let place = pattern.indexNames.firstIndex(of: name),
                place < captures.indices.count
            else { return (prefix + suffix, type) }
            return ("\(prefix)\(captures.indices[place])\(suffix)", type)
        }
    }

    mutating func put(
        _ row: MappingRow, _ value: JSONValue, _ captures: KeyPattern.Captures,
        role known: String? = nil, in batch: TraceBatch
    ) {
        var role = known ?? "user"
        if case .document(.output, _) = row.target { role = "assistant" }
        guard
            let result = pipeline.apply(
                row.operations, to: value, role: role, startTime: view.startTime)
        else { return }
        if case .document(let document, let path) = row.target {
            put(result, document, path, row.source, captures)
        } else if let (name, _) = attributeName(row.target, row.source, captures) {
            if row.operations.last == .add {
                if let number = result.number { sums[name, default: 0] += number }
            } else if values[name] == nil,
                !result.isBlank || (row.operations.last == .arguments && result.object != nil)
            {
                if case .attribute(name) = row.source.place, result != value.unwrapped {
                    unwraps.insert(name)
                }
                values[name] = .made(result)
            }
        }
    }

    mutating func put(
        _ value: JSONValue, _ document: Document, _ path: DocumentPath, _ source: RowSource,
        _ captures: KeyPattern.Captures
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
        // In place: a copy for each indexed key would make long conversations slow.
        switch path {
        case .whole:
            documents[document, default: DocumentBuilder(document)].add(
                value.array ?? [value], group: group)
        case .text:
            documents[document, default: DocumentBuilder(document)].add(
                [PartReader.text(value.asText)], group: group)
        case .element(let reference):
            if let place = index(reference) {
                documents[document, default: DocumentBuilder(document)].set(place, "element", value)
            }
        case .field(let reference, let field):
            if let place = index(reference) {
                documents[document, default: DocumentBuilder(document)].set(place, field, value)
            }
        case .call(let reference, let call, let field):
            if let place = index(reference), let call = index(call) {
                documents[document, default: DocumentBuilder(document)].setCall(
                    place, call, field, value)
            }
        case .part(let reference, let part, let field):
            if let place = index(reference), let part = index(part) {
                documents[document, default: DocumentBuilder(document)].setPart(
                    place, part, field, value)
            }
        }
    }
}
