extension TraceBatch {
    /// Gives each span the events that log records brought for it, and removes their carriers.
    ///
    /// An event that a span has already, be it that the record was sent twice or is a span event as
    /// well, is not added. Events come out in the order of their times; of equal times those that
    /// the span came with are first.
    /// - Returns: how many log records name a span that is not in the batch; they are removed too.
    /// - Complexity: O(n log n) in the events of the spans that get some, linear in the rest.
    public mutating func attachEvents() -> Int {
        guard spans.contains(where: \.isEventCarrier) else { return 0 }
        var brought: [SpanKey: [Int]] = [:]
        for span in spans where span.isEventCarrier {
            brought[span.key, default: []] += span.events.indices
        }
        var attached: Set<SpanKey> = []
        for index in spans.indices where !spans[index].isEventCarrier {
            guard let added = brought[spans[index].key] else { continue }
            attached.insert(spans[index].key)
            attach(added, toSpan: index)
        }
        let waiting = brought.reduce(0) { sum, entry in
            attached.contains(entry.key) ? sum : sum + entry.value.count
        }
        arrangeSpans(spans.indices.filter { !spans[$0].isEventCarrier })
        return waiting
    }

    private mutating func attach(_ added: [Int], toSpan span: Int) {
        var known = Set(events[spans[span].events.indices].map { identity(of: $0) })
        let fresh = added.filter { known.insert(identity(of: events[$0])).inserted }
        guard !fresh.isEmpty else { return }
        let order = (Array(spans[span].events.indices) + fresh).enumerated().sorted { left, right in
            let (a, b) = (events[left.element].timeUnixNano, events[right.element].timeUnixNano)
            return (a, left.offset) < (b, right.offset)
        }
        let start = events.count
        for place in order { events.append(events[place.element]) }
        spans[span].events = RecordRange(start: UInt32(start), count: UInt32(order.count))
    }

    /// Bytes that are equal exactly where two events are.
    private func identity(of event: EventRecord) -> [UInt8] {
        var identity: [UInt8] = []
        identity.append(number: event.timeUnixNano)
        append(event.name, to: &identity)
        append(event.attributes, to: &identity)
        return identity
    }
}
