extension LogBatch {
    /// The chosen records as events of the spans that they name, for `TraceBatch.attachEvents()`.
    ///
    /// Each record becomes a span that has its ids, its attributes and one event, and is an
    /// `isEventCarrier`: the span itself may be in another request, or not have come yet. The
    /// event has the record's attributes and the members of a body that is a list of key and value;
    /// a body of another kind, or one whose keys are taken, is its attribute `body`. Severity and
    /// trace flags have no place in an event and are left out.
    /// - Parameter isChosen: asked of each record that names a span.
    public consuming func spanEvents(where isChosen: (LogBatch, LogRecord) -> Bool) -> TraceBatch {
        let chosen = records.filter { record in
            record.traceID.isValid && record.spanID.isValid && isChosen(self, record)
        }
        var batch = content
        for record in chosen {
            var event = EventRecord()
            event.timeUnixNano =
                record.timeUnixNano == 0 ? record.observedTimeUnixNano : record.timeUnixNano
            event.name = eventName(of: record)
            event.attributes = batch.eventAttributes(of: record)
            event.droppedAttributesCount = record.droppedAttributesCount
            batch.events.append(event)
            var span = SpanRecord(scope: record.scope)
            span.isEventCarrier = true
            (span.traceID, span.spanID) = (record.traceID, record.spanID)
            span.attributes = record.attributes
            span.events = RecordRange(start: UInt32(batch.events.count - 1), count: 1)
            batch.spans.append(span)
        }
        return batch
    }

    /// The record's `event_name`, or what was written before that field was there.
    public func eventName(of record: LogRecord) -> Slice {
        guard record.eventName.isEmpty else { return record.eventName }
        guard
            case .string(let name)? = content.attribute("event.name", in: record.attributes)?.value
        else { return .empty }
        return name
    }
}

extension TraceBatch {
    fileprivate mutating func eventAttributes(of record: LogRecord) -> RecordRange {
        let own = Array(attributes[record.attributes.indices])
        switch record.body {
        case .empty: return record.attributes
        case .keyValueList:
            guard case .keyValueList(let members) = anyValue(record.body) else {
                return record.attributes
            }
            let taken = Set(own.map { string($0.key) })
            let isFree = members.allSatisfy { !taken.contains($0.key) }
            guard isFree else { break }
            return append(attributes: own + members.map { makeAttribute($0.key, $0.value) })
        case .string, .bool, .int, .double, .array, .bytes: break
        }
        let key = append("body")
        return append(
            attributes: own + [Attribute(key: key, keyID: keys.id(of: "body"), value: record.body)])
    }
}
