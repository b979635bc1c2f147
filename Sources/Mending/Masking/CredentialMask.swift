import OTLP

/// Puts `[masked]` in the place of credentials, wherever a batch has them: in attributes of spans,
/// events, links, scopes and resources, in nested values, and in texts that hold JSON or what
/// Python's `repr` writes; and `REDACTED` in the place of what URLs have of them.
struct CredentialMask: Sendable {
    static let mask = "[masked]"

    private let names: CredentialNames
    private let text: TextMask
    private let url: URLMask

    init(_ names: CredentialNames) {
        self.names = names
        text = TextMask(names: names)
        url = URLMask(names: names)
    }

    /// Masks all credentials of a batch.
    ///
    /// `tracemend.masked` beside them names the keys; what events and links had is told on their
    /// span. Masking what is masked changes nothing.
    /// - Complexity: linear in the batch's bytes.
    func apply(to batch: inout TraceBatch) {
        var keys = KnownNames(batch, names)
        for index in batch.resources.indices {
            mask(\.resources[index].attributes, of: &batch, &keys)
        }
        for index in batch.scopes.indices {
            mask(\.scopes[index].attributes, of: &batch, &keys)
        }
        for index in batch.spans.indices {
            var told: [String] = []
            for event in batch.spans[index].events.indices {
                let masked = changes(of: batch.events[event].attributes, in: batch, &keys)
                guard !masked.isEmpty else { continue }
                let name = batch.string(batch.events[event].name)
                told += masked.map { "event \(name): \(batch.key(of: $0.attribute))" }
                batch.events[event].attributes = write(
                    masked, to: batch.events[event].attributes, of: &batch)
            }
            for link in batch.spans[index].links.indices {
                let masked = changes(of: batch.links[link].attributes, in: batch, &keys)
                guard !masked.isEmpty else { continue }
                told += masked.map { "link: \(batch.key(of: $0.attribute))" }
                batch.links[link].attributes = write(
                    masked, to: batch.links[link].attributes, of: &batch)
            }
            mask(\.spans[index].attributes, of: &batch, &keys, telling: told)
        }
    }

    private struct Change {
        var position: Int
        var attribute: Attribute
        var value: AnyValue
    }

    private func mask(
        _ path: WritableKeyPath<TraceBatch, RecordRange>, of batch: inout TraceBatch,
        _ keys: inout KnownNames, telling others: [String] = []
    ) {
        let range = batch[keyPath: path]
        let masked = changes(of: range, in: batch, &keys)
        guard !masked.isEmpty || !others.isEmpty else { return }
        var told = Set(others + masked.map { batch.key(of: $0.attribute) })
        if case .array(let earlier)? = batch.value(MendingAttribute.masked, in: range) {
            told.formUnion(earlier.compactMap(\.stringValue))
        }
        let written = write(masked, to: range, of: &batch)
        batch[keyPath: path] = batch.set(
            MendingAttribute.masked, .array(told.sorted().map { .string($0) }), in: written)
    }

    private func changes(
        of range: RecordRange, in batch: TraceBatch, _ keys: inout KnownNames
    ) -> [Change] {
        var changes: [Change] = []
        for position in range.indices {
            let attribute = batch.attributes[position]
            if tellsKeys(attribute.key, in: batch) { continue }
            let isCredential = keys.isCredential(attribute, in: batch)
            guard let value = masked(attribute, isCredential, in: batch) else { continue }
            changes.append(Change(position: position, attribute: attribute, value: value))
        }
        return changes
    }

    /// Lists of keys, which two headers' names are not to be taken for a header in.
    private func tellsKeys(_ key: Slice, in batch: TraceBatch) -> Bool {
        guard key.length > 10, batch.bytes[Int(key.offset)] == UInt8(ascii: "t") else {
            return false
        }
        return batch.text(key, equals: "tracemend.masked")
            || batch.text(key, equals: "tracemend.derived")
            || batch.text(key, equals: "tracemend.loss")
            || batch.text(key, equals: "tracemend.dropped")
    }

    /// A range of its own, so that nobody else's attributes change.
    private func write(
        _ changes: [Change], to range: RecordRange, of batch: inout TraceBatch
    ) -> RecordRange {
        var attributes = Array(batch.attributes(range))
        for change in changes {
            attributes[change.position - Int(range.start)].value = batch.flatten(change.value)
        }
        return batch.append(attributes: attributes)
    }

    /// The value without credentials; nil where it has none.
    private func masked(
        _ attribute: Attribute, _ isCredential: Bool, in batch: TraceBatch
    ) -> AnyValue? {
        let value = attribute.value
        switch value {
        case .empty, .bool, .double: return nil
        case .int: return isCredential ? .string(Self.mask) : nil
        case .string(let slice):
            guard !isCredential else {
                return slice.isEmpty || batch.text(slice, equals: "[masked]")
                    ? nil : .string(Self.mask)
            }
            return masked(
                slice.bytes(of: batch),
                isQuery: URLMask.holdsQuery(attribute.key.bytes(of: batch)))
        case .bytes(let slice):
            return isCredential && !slice.isEmpty ? .string(Self.mask) : nil
        case .array(let slice), .keyValueList(let slice):
            guard
                isCredential || names.mayOccur(in: slice.bytes(of: batch))
                    || URLMask.schemeEnd(in: slice.bytes(of: batch), from: Int(slice.offset)) != nil
            else { return nil }
            let given = batch.anyValue(value)
            let masked = masked(given, isCredential)
            return masked == given ? nil : masked
        }
    }

    private func masked(_ given: ArraySlice<UInt8>, isQuery: Bool) -> AnyValue? {
        let known = text.masked(given)
        let masked = url.masked(known.map { $0[...] } ?? given, isQuery: isQuery) ?? known
        return masked.map { .string(String(decoding: $0, as: UTF8.self)) }
    }

    private func masked(_ value: AnyValue, _ isCredential: Bool) -> AnyValue {
        switch value {
        case .empty, .bool, .double: return value
        case .int, .bytes: return isCredential ? .string(Self.mask) : value
        case .string(let content):
            if isCredential { return content.isEmpty ? value : .string(Self.mask) }
            return masked(Array(content.utf8)[...], isQuery: false) ?? value
        case .array(let elements):
            // Some record headers as pairs.
            if !isCredential, elements.count == 2, let name = elements[0].stringValue,
                names.containsHeader(Array(name.utf8)[...])
            {
                return .array([elements[0], masked(elements[1], true)])
            }
            return .array(elements.map { masked($0, isCredential) })
        case .keyValueList(let entries):
            return .keyValueList(
                entries.map { entry in
                    KeyValue(
                        entry.key,
                        masked(
                            entry.value,
                            isCredential || names.contains(Array(entry.key.utf8)[...])))
                })
        }
    }
}

/// What was said of the keys of one batch, by their numbers.
private struct KnownNames {
    private var answers: [Int8]
    private let names: CredentialNames

    init(_ batch: TraceBatch, _ names: CredentialNames) {
        answers = Array(repeating: -1, count: batch.keys.count + 1)
        self.names = names
    }

    mutating func isCredential(_ attribute: Attribute, in batch: TraceBatch) -> Bool {
        let id = Int(attribute.keyID.number)
        guard id > 0, id < answers.count else {
            return names.contains(attribute.key.bytes(of: batch))
        }
        if answers[id] < 0 {
            answers[id] = names.contains(attribute.key.bytes(of: batch)) ? 1 : 0
        }
        return answers[id] == 1
    }
}

extension Slice {
    fileprivate func bytes(of batch: TraceBatch) -> ArraySlice<UInt8> { batch.bytes(self) }
}
