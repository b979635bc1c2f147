import OTLP

/// Attributes as `KeyValueList` messages, for values that JSON cannot hold.
///
/// Values nested within two levels of the model's own depth limit lose their innermost level here.
enum ExactAttributes {
    static func bytes(of range: RecordRange, in batch: borrowing TraceBatch) -> [UInt8] {
        encode(batch.keyValues(range))
    }

    /// The attributes of a span under "attributes", of its events and links as arrays.
    static func bytes(ofSpan span: SpanRecord, in batch: borrowing TraceBatch) -> [UInt8] {
        var events: [AnyValue] = []
        for event in batch.events[span.events.indices] {
            events.append(.keyValueList(batch.keyValues(event.attributes)))
        }
        var links: [AnyValue] = []
        for link in batch.links[span.links.indices] {
            links.append(.keyValueList(batch.keyValues(link.attributes)))
        }
        return encode([
            KeyValue("attributes", .keyValueList(batch.keyValues(span.attributes))),
            KeyValue("events", .array(events)),
            KeyValue("links", .array(links)),
        ])
    }

    static func decode(_ bytes: [UInt8]) -> [KeyValue] {
        var scratch = TraceBatch()
        let slice = scratch.append(bytes: bytes)
        guard case .keyValueList(let entries) = scratch.anyValue(.keyValueList(slice)) else {
            return []
        }
        return entries
    }

    private static func encode(_ entries: [KeyValue]) -> [UInt8] {
        var scratch = TraceBatch()
        guard case .keyValueList(let slice) = scratch.flatten(.keyValueList(entries)) else {
            return []
        }
        return Array(scratch.bytes(slice))
    }
}
