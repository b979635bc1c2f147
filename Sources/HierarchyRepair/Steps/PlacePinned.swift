import OTLP

extension RepairForest {
    /// Gives pinned spans the parents that were promised.
    ///
    /// The placeholder of a parent that came too late is set up again, and the late parent hangs
    /// below it: nobody can take the placeholder back from those who have it.
    mutating func placePinned() {
        let reported = spans.count
        guard !absentPins.isEmpty || spans.contains(where: { $0.pin != nil }) else { return }
        restorePlaceholders()
        var places: [SpanID: [Int]] = [:]
        for index in spans.indices {
            places[spans[index].key.spanID, default: []].append(index)
            if index < reported { places[replacementID(of: index), default: []].append(index) }
        }
        for index in spans.indices {
            guard let pin = spans[index].pin else { continue }
            isFixed[index] = true
            place(index, as: pin, among: places[pin.parentSpanID] ?? [])
        }
        for index in 0..<reported where !isFixed[index] {
            guard let host = placeholders[placeholderID(of: spans[index].key)] else { continue }
            hang(index, below: host, rule: .lostParent, confidence: 1)
            isFixed[index] = true
        }
        orphans.removeAll { isFixed[$0] }
    }

    /// Sets up the placeholders that spans of the run were pinned below, or that stand for them.
    private mutating func restorePlaceholders() {
        var absent: [SpanID: (key: SpanKey, pin: RepairPin)] = [:]
        for (key, pin) in absentPins { absent[key.spanID] = (key, pin) }
        var wanted = spans.compactMap { $0.pin?.parentSpanID }
        if !absent.isEmpty {
            for span in spans { wanted.append(placeholderID(of: span.key)) }
            for orphan in orphans { wanted.append(placeholderID(of: lostKey(of: orphan))) }
        }
        while let id = wanted.popLast() {
            guard let found = absent[id], placeholders[id] == nil else { continue }
            var placeholder = RepairSpan(key: found.key)
            placeholder.pin = found.pin
            _ = addPlaceholder(placeholder)
            wanted.append(found.pin.parentSpanID)
        }
    }

    private mutating func place(_ index: Int, as pin: RepairPin, among candidates: [Int]) {
        let before = parent[index]
        let host =
            candidates.first { $0 != index && spans[$0].pin?.traceID == pin.traceID }
            ?? candidates.first { $0 != index }
        parent[index] = pin.parentSpanID.isValid ? host ?? -1 : -1
        danglingParent[index] = parent[index] < 0 ? pin.parentSpanID : .invalid
        let isAsReported =
            before >= 0 ? parent[index] == before : pin.parentSpanID == spans[index].parentSpanID
        repairs[index] =
            source[index] == nil || isAsReported ? nil : .init(rule: .pinned, confidence: 1)
    }

    /// The key of the parent that an orphan names.
    func lostKey(of orphan: Int) -> SpanKey {
        SpanKey(traceID: spans[orphan].key.traceID, spanID: spans[orphan].parentSpanID)
    }
}
