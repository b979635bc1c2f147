import OTLP

extension SpanDerivation {
    mutating func apply(_ file: Int, in batch: TraceBatch) {
        let rows = rules.files[file].rows
        var matches: [Int: [SpanView.Match]] = [:]
        for match in view.matches[file] ?? [] { matches[match.row, default: []].append(match) }
        var eventsDone: Int?
        for (number, row) in rows.enumerated() {
            switch row.source.place {
            case .attribute:
                guard let position = view.position(of: sourceIDs[file][number]) else { continue }
                group += 1
                apply(row, at: position, KeyPattern.Captures(), in: batch)
            case .attributes:
                guard let found = matches[number] else { continue }
                group += 1
                applyAll(row, found.sorted { $0.captures < $1.captures }, in: batch)
            case .event:
                guard eventsDone != row.priority else { continue }
                eventsDone = row.priority
                group += 1
                applyEvents(rows.filter { $0.priority == row.priority }, in: batch)
            case .resource(let key):
                let resource = batch.resource(of: batch.spans[view.span])
                guard let value = batch.value(key, in: resource.attributes) else { continue }
                apply(row, value: JSONValue(value), in: batch)
            case .scopeName: apply(row, value: .string(view.scopeName), in: batch)
            case .spanName: apply(row, value: .string(view.name), in: batch)
            case .spanDuration:
                let (duration, overflow) = view.endTime.subtractingReportingOverflow(view.startTime)
                if !overflow { apply(row, value: .double(Double(duration)), in: batch) }
            }
        }
    }

    mutating func applyEvents(_ rows: [MappingRow], in batch: TraceBatch) {
        let events = batch.events[batch.spans[view.span].events.indices]
        guard !events.isEmpty else { return }
        let ordered = events.enumerated().sorted {
            ($0.element.timeUnixNano, $0.offset) < ($1.element.timeUnixNano, $1.offset)
        }
        for (_, event) in ordered {
            let eventName = batch.string(event.name)
            for row in rows {
                guard case .event(let name, let key) = row.source.place, name == eventName else {
                    continue
                }
                guard let key else {
                    apply(row, value: eventBody(event, eventName, in: batch), in: batch)
                    continue
                }
                guard let value = batch.value(key, in: event.attributes) else { continue }
                apply(row, value: JSONValue(value), role: Self.role(of: eventName), in: batch)
            }
        }
    }

    /// An event's attributes as one object; its name says the role where they do not.
    func eventBody(
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
    mutating func applyAll(
        _ row: MappingRow, _ matches: [SpanView.Match], in batch: TraceBatch
    ) {
        if case .attribute(let name, let type) = row.target, type == .strings || type == .ints,
            matches.allSatisfy({ !$0.captures.indices.isEmpty }), row.source.path == nil
        {
            guard values[name] == nil, let first = matches.first,
                holds(row.conditions, source: first.position, in: batch)
            else { return }
            let elements = matches.compactMap {
                pipeline.apply(row.operations, to: view.value(at: $0.position, in: batch))
            }
            if !elements.isEmpty { values[name] = .made(.array(elements)) }
            return
        }
        for match in matches { apply(row, at: match.position, match.captures, in: batch) }
    }

    mutating func apply(
        _ row: MappingRow, at position: Int, _ captures: KeyPattern.Captures, in batch: TraceBatch
    ) {
        guard isWanted(row), holds(row.conditions, source: position, in: batch) else { return }
        guard !isLost(row, batch.key(of: batch.attributes[position])) else { return }
        if row.source.path == nil, let name = attributeName(row.target, row.source, captures)?.0 {
            if values[name] != nil, row.operations.last != .add { return }
            if takesVerbatim(row, at: position, in: batch) {
                if !view.isBlank(at: position, in: batch) {
                    values[name] = .taken(position: position)
                }
                return
            }
        }
        var value: JSONValue
        if let path = row.source.path {
            guard let document = view.document(at: position, in: batch),
                let part = path.value(in: document)
            else { return }
            value = part
        } else {
            value = view.value(at: position, in: batch)
        }
        if value == .null { return }
        if row.source.path == nil, readsDocument(row), isStructure(at: position, in: batch) {
            guard let document = view.document(at: position, in: batch) else {
                losses.insert("unreadable:\(batch.key(of: batch.attributes[position]))")
                return
            }
            value = document
        }
        put(row, value, captures, in: batch)
    }

    mutating func apply(
        _ row: MappingRow, value: JSONValue, role: String? = nil, in batch: TraceBatch
    ) {
        guard isWanted(row), holds(row.conditions, source: nil, in: batch), value != .null else {
            return
        }
        guard !isLost(row, row.source.name) else { return }
        var value = value
        if let path = row.source.path {
            guard let part = path.value(in: value.unwrapped) else { return }
            value = part
        }
        put(row, value, KeyPattern.Captures(), role: role, in: batch)
    }

    /// The row reads a whole document: text that begins as one and is none was cut off.
    func readsDocument(_ row: MappingRow) -> Bool {
        switch row.operations.last {
        case .messages(let format), .tools(let format), .documents(let format): format != .text
        case .parts(let format): format != .text && row.target == .document(.system, .whole)
        default: false
        }
    }

    func isStructure(at position: Int, in batch: TraceBatch) -> Bool {
        guard case .string(let slice) = batch.attributes[position].value else { return false }
        let first = batch.bytes(slice).first { $0 != 32 && $0 != 10 }
        return first == UInt8(ascii: "[") || first == UInt8(ascii: "{")
    }

    /// The row's target can still take something.
    func isWanted(_ row: MappingRow) -> Bool {
        switch row.target {
        case .attribute(let name, _): values[name] == nil || row.operations.last == .add
        case .document(let document, _): !(documents[document]?.isClosed ?? false)
        case .nowhere, .named: true
        }
    }

    /// Notes what has no home.
    mutating func isLost(_ row: MappingRow, _ source: String) -> Bool {
        if row.isKept || row.target == .nowhere {
            if row.operations.last != .drop, row.target == .nowhere, !kindKeys.contains(source) {
                losses.insert("no_field:\(source)")
            }
            return true
        }
        return false
    }
}
