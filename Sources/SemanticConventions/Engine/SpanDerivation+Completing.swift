import OTLP

extension SpanDerivation {
    /// What rows cannot say: finish reasons in both places, counts that exclude the cache, the
    /// operation.
    mutating func complete(toolRequests: [Int], in batch: TraceBatch) {
        if !toolRequests.isEmpty { absorb(toolRequests, in: batch) }
        for document in documents.indices { documents[document]?.sortFields() }
        writtenFinishReasons =
            documents[Document.output.number] == nil ? nil : finishReasons(in: batch)
        hoistFinishReasons(in: batch)
        dropSingleChoice()
        countInclusively(in: batch)
        decide(in: batch)
    }

    private mutating func decide(in batch: TraceBatch) {
        operation = decideOperation(in: batch, withDerived: true)
        unset(rules.known.operation)
        if case .operation(let name) = operation {
            set(rules.known.operation, .made(.string(name)))
        }
    }

    /// AgentOps writes the tool calls of an answer as spans below it.
    private mutating func absorb(_ toolRequests: [Int], in batch: TraceBatch) {
        let number = Document.output.number
        guard !right.contains(number) else { return }
        var output = documents[number] ?? DocumentBuilder(.output)
        documents[number] = nil
        defer { documents[number] = output }
        guard !output.hasCalls else { return }
        for (number, span) in toolRequests.enumerated() {
            let attributes = batch.spans[span].attributes
            for (field, key) in [
                (DocumentField.id, "tool.call.id"), (.name, "tool.name"),
                (.args, "tool.parameters"),
            ] {
                guard let value = batch.value(key, in: attributes) else { continue }
                output.setCall(0, number, field, .json(JSONValue(value).unwrapped))
            }
        }
    }

    /// What the span names as finish reasons, for messages that name none.
    private func finishReasons(in batch: TraceBatch) -> [String]? {
        var value: JSONValue?
        if case .made(let made)? = values[rules.known.finishReasons] {
            value = made
        } else if let position = view.position(of: rules.known.finishReasons) {
            value = view.value(at: position, in: batch)
        }
        return value?.array?.compactMap(\.string)
    }

    private mutating func hoistFinishReasons(in batch: TraceBatch) {
        let known = rules.known.finishReasons
        guard view.position(of: known) == nil else { return }
        var count = 0
        if case .made(let reasons)? = values[known] { count = reasons.array?.count ?? 0 }
        let reasons: [String]
        if let output = documents[Document.output.number] {
            guard let found = output.finishReasons(in: batch) else { return }
            reasons = found
        } else if let position = view.position(of: rules.documentKeys[Document.output.number]) {
            guard SpanView.mayContain("finish_reason", at: position, in: batch) else { return }
            let elements = view.document(at: position, in: batch)?.array ?? []
            reasons = elements.compactMap { $0["finish_reason"]?.string }
            guard reasons.count == elements.count else { return }
        } else {
            return
        }
        guard reasons.count > count else { return }
        set(known, .made(.array(reasons.map { .string($0) })))
    }

    /// One choice is what everybody gets; the conventions leave the attribute out then.
    private mutating func dropSingleChoice() {
        switch values[rules.known.choiceCount] {
        case .made(let count)? where count.integer == 1: unset(rules.known.choiceCount)
        case .int(1)?: unset(rules.known.choiceCount)
        default: break
        }
    }

    /// Counts without the cache: the conventions want the total. Only what cannot be inclusive is
    /// changed, since most instrumentations add already.
    private mutating func countInclusively(in batch: TraceBatch) {
        guard let first = steps.dialects.first,
            [.byProvider, .asSent].contains(rules.rules.dialects[first].inputCount),
            let input = count(rules.known.inputTokens, in: batch)
        else { return }
        let read = count(rules.known.cacheRead, in: batch) ?? 0
        let written = count(rules.known.cacheWrite, in: batch) ?? 0
        let (cache, cacheOverflow) = read.addingReportingOverflow(written)
        let (total, totalOverflow) = input.addingReportingOverflow(cache)
        let isExclusive =
            cache > input
            || (rules.rules.dialects[first].inputCount == .asSent && countsApart(in: batch))
        guard read >= 0, written >= 0, input >= 0, cache > 0, isExclusive, !cacheOverflow,
            !totalOverflow
        else { return }
        set(rules.known.inputTokens, .made(.int(total)))
        replaced.append(rules.known.inputTokens)
    }

    /// The provider's API counts the cache apart.
    private func countsApart(in batch: TraceBatch) -> Bool {
        let provider: String?
        if case .made(let value)? = values[rules.known.provider] {
            provider = value.string
        } else {
            provider = view.position(of: rules.known.provider).flatMap {
                view.text(at: $0, in: batch)
            }
        }
        let map = rules.rules.maps["usage_by_provider"]
        return provider.flatMap { map?.apply($0) } == "exclusive"
    }

    private func count(_ key: Int, in batch: TraceBatch) -> Int64? {
        switch values[key] {
        case .made(let value)?: return value.integer
        case .int(let number)?: return number
        case .double(let number)?: return Int64(exactly: number)
        case .taken(let position)?: return view.value(at: position, in: batch).integer
        case nil: break
        }
        guard let position = view.position(of: key) else { return nil }
        if case .int(let number) = batch.attributes[position].value { return number }
        return view.value(at: position, in: batch).integer
    }
}

extension SpanView {
    /// The text at a position may have these bytes in it, or may be no text.
    static func mayContain(_ wanted: StaticString, at position: Int, in batch: TraceBatch) -> Bool {
        guard case .string(let slice) = batch.attributes[position].value else { return true }
        return wanted.withUTF8Buffer { wanted in
            guard let first = wanted.first else { return true }
            var place = Int(slice.offset)
            let last = slice.bounds.upperBound - wanted.count
            while place <= last {
                if batch.bytes[place] == first,
                    wanted.indices.allSatisfy({ batch.bytes[place + $0] == wanted[$0] })
                {
                    return true
                }
                // An escape can hide any text.
                if batch.bytes[place] == UInt8(ascii: "\\") { return true }
                place += 1
            }
            return false
        }
    }
}
