import OTLP

extension SpanDerivation {
    /// What rows cannot say: the operation, finish reasons in both places, counts that exclude the
    /// cache, and the elements of the documents. Returns the documents to write.
    mutating func complete(
        toolRequests: [Int], in batch: TraceBatch
    ) -> [(Document, [JSONValue])] {
        absorb(toolRequests, in: batch)
        var written: [(Document, [JSONValue])] = []
        for document in Document.allCases {
            guard let builder = documents[document], !builder.isClosed else { continue }
            var elements = builder.elements()
            if document == .output { elements = withFinishReasons(elements, in: batch) }
            guard elements.contains(where: { !builder.isEmpty($0) }) else { continue }
            written.append((document, elements))
        }
        hoistFinishReasons(in: batch)
        dropSingleChoice()
        countInclusively(in: batch)
        decide(in: batch)
        return written
    }

    private mutating func decide(in batch: TraceBatch) {
        operation = decideOperation(in: batch, withDerived: true)
        let key = "gen_ai.operation.name"
        values[key] = nil
        if case .operation(let name) = operation { values[key] = .made(.string(name)) }
    }

    /// AgentOps writes the tool calls of an answer as spans below it.
    private mutating func absorb(_ toolRequests: [Int], in batch: TraceBatch) {
        guard !toolRequests.isEmpty, !(documents[.output]?.isClosed ?? false) else { return }
        var output = documents[.output] ?? DocumentBuilder(.output)
        documents[.output] = nil
        defer { documents[.output] = output }
        guard output.messages.allSatisfy({ $0.value.calls.isEmpty }) else { return }
        for (number, span) in toolRequests.enumerated() {
            let attributes = batch.spans[span].attributes
            for (field, key) in [
                ("id", "tool.call.id"), ("name", "tool.name"), ("args", "tool.parameters"),
            ] {
                guard let value = batch.value(key, in: attributes) else { continue }
                output.setCall(0, number, field, JSONValue(value).unwrapped)
            }
        }
    }

    /// Messages without a finish reason get the one that the span names for their choice.
    private func withFinishReasons(_ messages: [JSONValue], in batch: TraceBatch) -> [JSONValue] {
        guard let reasons = finishReasons(in: batch), reasons.count == messages.count else {
            return messages
        }
        return zip(messages, reasons).map { message, reason in
            message["finish_reason"] == nil
                ? message.replacing("finish_reason", with: .string(reason)) : message
        }
    }

    private func finishReasons(in batch: TraceBatch) -> [String]? {
        let key = "gen_ai.response.finish_reasons"
        var value: JSONValue?
        if case .made(let made)? = values[key] {
            value = made
        } else if let position = view.position(of: rules.keyTable.id(of: key)) {
            value = view.value(at: position, in: batch)
        }
        return value?.array?.compactMap(\.string)
    }

    private mutating func hoistFinishReasons(in batch: TraceBatch) {
        let key = "gen_ai.response.finish_reasons"
        guard view.position(of: rules.keyTable.id(of: key)) == nil else { return }
        var known = 0
        if case .made(let reasons)? = values[key] { known = reasons.array?.count ?? 0 }
        let elements: [JSONValue]
        if let output = documents[.output], !output.isClosed {
            elements = output.elements()
        } else if let position = view.position(of: rules.keyTable.id(of: Document.output.key)) {
            elements = view.document(at: position, in: batch)?.array ?? []
        } else {
            return
        }
        let reasons = elements.compactMap { $0["finish_reason"]?.string }
        guard reasons.count > known, reasons.count == elements.count else { return }
        values[key] = .made(.array(reasons.map { .string($0) }))
    }

    /// One choice is what everybody gets; the conventions leave the attribute out then.
    private mutating func dropSingleChoice() {
        let key = "gen_ai.request.choice.count"
        if case .made(let count)? = values[key], count.integer == 1 { values[key] = nil }
    }

    /// Counts without the cache: the conventions want the total. Only what cannot be inclusive is
    /// changed, since most instrumentations add already.
    private mutating func countInclusively(in batch: TraceBatch) {
        guard let first = dialects.first,
            [.byProvider, .asSent].contains(rules.dialects[first].inputCount),
            let input = count("gen_ai.usage.input_tokens", in: batch)
        else { return }
        let read = count("gen_ai.usage.cache_read.input_tokens", in: batch) ?? 0
        let written = count("gen_ai.usage.cache_write.input_tokens", in: batch) ?? 0
        let (cache, cacheOverflow) = read.addingReportingOverflow(written)
        let (total, totalOverflow) = input.addingReportingOverflow(cache)
        let isExclusive =
            cache > input || (rules.dialects[first].inputCount == .asSent && countsApart(in: batch))
        guard read >= 0, written >= 0, input >= 0, cache > 0, isExclusive, !cacheOverflow,
            !totalOverflow
        else { return }
        values["gen_ai.usage.input_tokens"] = .made(.int(total))
        replaced.insert("gen_ai.usage.input_tokens")
    }

    /// The provider's API counts the cache apart.
    private func countsApart(in batch: TraceBatch) -> Bool {
        let key = "gen_ai.provider.name"
        var provider: String?
        if case .made(let value)? = values[key] {
            provider = value.string
        } else if let position = view.position(of: rules.keyTable.id(of: key)) {
            provider = view.text(at: position, in: batch)
        }
        return provider.flatMap { rules.maps["usage_by_provider"]?.apply($0) } == "exclusive"
    }

    private func count(_ key: String, in batch: TraceBatch) -> Int64? {
        switch values[key] {
        case .made(let value): return value.integer
        case .taken(let position): return view.value(at: position, in: batch).integer
        case nil: break
        }
        guard let position = view.position(of: rules.keyTable.id(of: key)) else { return nil }
        return view.value(at: position, in: batch).integer
    }
}
