extension TraceBatch {
    /// Gives each span the events that log records brought for it, and removes their carriers.
    ///
    /// An event that a span has already, be it that the record was sent twice or is a span event as
    /// well, is not added. Events come out in the order of their times; of equal times those that
    /// the span came with are first.
    /// Copies of one span come out with the events of all of them.
    /// - Returns: how many log records name a span that is not in the batch; they are removed too.
    /// - Complexity: O(n log n) in the events of the spans that get some, linear in the rest.
    public mutating func attachEvents() -> Int {
        guard spans.contains(where: \.isEventCarrier) else { return 0 }
        var brought: [SpanKey: [Int]] = [:]
        for span in spans where span.isEventCarrier {
            brought[span.key, default: []] += span.events.indices
        }
        var copies: [SpanKey: [Int]] = [:]
        for index in spans.indices where !spans[index].isEventCarrier {
            if brought[spans[index].key] != nil {
                copies[spans[index].key, default: []].append(index)
            }
        }
        var waiting = brought.values.reduce(0) { $0 + $1.count }
        for index in spans.indices {
            let key = spans[index].key
            guard let copies = copies[key], copies.first == index, let added = brought[key] else {
                continue
            }
            attach(added, toCopies: copies)
            waiting -= added.count
        }
        arrangeSpans(spans.indices.filter { !spans[$0].isEventCarrier })
        return waiting
    }

    /// Gives all copies of a span the events of each of them and the added ones: one list, which
    /// they share.
    private mutating func attach(_ added: [Int], toCopies copies: [Int]) {
        let own = Array(spans[copies[0]].events.indices)
        let others = copies.dropFirst().flatMap { spans[$0].events.indices } + added
        var known = Set(own.map { identity(of: events[$0]) })
        let all = own + others.filter { known.insert(identity(of: events[$0])).inserted }
        let order = all.enumerated().sorted { left, right in
            let (a, b) = (events[left.element].timeUnixNano, events[right.element].timeUnixNano)
            return (a, left.offset) < (b, right.offset)
        }
        let start = events.count
        for place in order { events.append(events[place.element]) }
        for copy in copies {
            spans[copy].events = RecordRange(start: UInt32(start), count: UInt32(order.count))
        }
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
