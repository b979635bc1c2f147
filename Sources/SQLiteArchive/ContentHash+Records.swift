import Mending
import OTLP
import Sinks

extension ContentHash {
    mutating func add(_ range: RecordRange, of batch: borrowing TraceBatch) {
        add(UInt64(range.count))
        for attribute in batch.attributes(range) {
            add(batch.bytes(attribute.key))
            switch attribute.value {
            case .empty: add(0)
            case .string(let slice): add(1, slice, of: batch)
            case .bool(let flag): add(flag ? 2 : 3)
            case .int(let number):
                add(4)
                add(UInt64(bitPattern: number))
            case .double(let number):
                add(5)
                add(number.bitPattern)
            case .array(let slice): add(6, slice, of: batch)
            case .keyValueList(let slice): add(7, slice, of: batch)
            case .bytes(let slice): add(8, slice, of: batch)
            }
        }
    }

    mutating func add(_ resource: ResourceRecord, of batch: borrowing TraceBatch) {
        add(resource.hasResource ? 1 : 0)
        add(UInt64(resource.droppedAttributesCount))
        add(batch.bytes(resource.schemaURL))
        add(resource.attributes, of: batch)
    }

    /// The scope without the resource that it stands in.
    mutating func add(_ scope: ScopeRecord, of batch: borrowing TraceBatch) {
        add(scope.hasScope ? 1 : 0)
        add(UInt64(scope.droppedAttributesCount))
        add(batch.bytes(scope.name))
        add(batch.bytes(scope.version))
        add(batch.bytes(scope.schemaURL))
        add(scope.attributes, of: batch)
    }

    /// The span without its scope.
    mutating func add(_ span: SpanRecord, of batch: borrowing TraceBatch) {
        add(span.traceID.high)
        add(span.traceID.low)
        add(span.spanID.word)
        add(span.parentSpanID.word)
        add(span.startTimeUnixNano)
        add(span.endTimeUnixNano)
        add(batch.bytes(span.name))
        add(batch.bytes(span.traceState))
        add(batch.bytes(span.statusMessage))
        add(UInt64(span.flags) << 32 | UInt64(UInt32(bitPattern: span.kind)))
        add(UInt64(UInt32(bitPattern: span.statusCode)) << 1 | (span.hasStatus ? 1 : 0))
        add(UInt64(span.droppedAttributesCount) << 32 | UInt64(span.droppedEventsCount))
        add(UInt64(span.droppedLinksCount))
        add(span.attributes, of: batch)
        add(UInt64(span.events.count))
        for event in batch.events[span.events.indices] {
            add(event.timeUnixNano)
            add(batch.bytes(event.name))
            add(UInt64(event.droppedAttributesCount))
            add(event.attributes, of: batch)
        }
        add(UInt64(span.links.count))
        for link in batch.links[span.links.indices] {
            add(link.traceID.high)
            add(link.traceID.low)
            add(link.spanID.word)
            add(batch.bytes(link.traceState))
            add(UInt64(link.flags) << 32 | UInt64(link.droppedAttributesCount))
            add(link.attributes, of: batch)
        }
    }

    mutating func add(_ span: MendedSpan) {
        add(span.reported.traceID.high)
        add(span.reported.traceID.low)
        add(span.reported.spanID.word)
        add(span.isPlaceholder ? 1 : 0)
        add(UInt64(truncatingIfNeeded: span.sequence))
        add(span.duplicateOf?.word ?? 0)
    }

    private mutating func add(
        _ kind: UInt64, _ slice: Slice, of batch: borrowing TraceBatch
    ) {
        add(kind)
        add(batch.bytes(slice))
    }
}
