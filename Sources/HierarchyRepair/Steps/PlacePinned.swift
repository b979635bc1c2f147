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
        let places = placesByDeliveredKey()
        for index in spans.indices {
            guard let pin = spans[index].pin else { continue }
            isFixed[index] = true
            let key = SpanKey(traceID: pin.traceID, spanID: pin.parentSpanID)
            place(index, as: pin, below: places[key])
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

    /// Where spans are by the ids that they were delivered with: of those that share an id the
    /// first kept it, as when the ids were settled.
    private func placesByDeliveredKey() -> [SpanKey: Int] {
        let pinned = spans.indices
            .compactMap { index in spans[index].pin.map { (index: index, pin: $0) } }
            .sorted { ($0.pin.sequence, $0.index) < ($1.pin.sequence, $1.index) }
        var places: [SpanKey: Int] = [:]
        for (index, pin) in pinned {
            var key = SpanKey(traceID: pin.traceID, spanID: spans[index].key.spanID)
            if !key.spanID.isValid || places[key] != nil { key.spanID = replacementID(of: index) }
            places[key] = index
        }
        guard let traceID = pinned.first?.pin.traceID else { return places }
        for (index, span) in spans.enumerated() where span.pin == nil {
            let key = SpanKey(traceID: traceID, spanID: span.key.spanID)
            if places[key] == nil { places[key] = index }
        }
        return places
    }

    private mutating func place(_ index: Int, as pin: RepairPin, below found: Int?) {
        let before = parent[index]
        let host = found == index || !pin.parentSpanID.isValid ? nil : found
        parent[index] = host ?? -1
        danglingParent[index] = host == nil ? pin.parentSpanID : .invalid
        let isAsReported =
            before >= 0 ? host == before : pin.parentSpanID == spans[index].parentSpanID
        repairs[index] =
            source[index] == nil || isAsReported ? nil : .init(rule: .pinned, confidence: 1)
    }

    /// The key of the parent that an orphan names.
    func lostKey(of orphan: Int) -> SpanKey {
        SpanKey(traceID: spans[orphan].key.traceID, spanID: spans[orphan].parentSpanID)
    }
}
