extension JSONTraceDecoder {
    // message Span { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3;
    //   bytes parent_span_id = 4; string name = 5; SpanKind kind = 6;
    //   fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8;
    //   repeated KeyValue attributes = 9; uint32 dropped_attributes_count = 10;
    //   repeated Event events = 11; uint32 dropped_events_count = 12;
    //   repeated Link links = 13; uint32 dropped_links_count = 14; Status status = 15;
    //   fixed32 flags = 16; }
    mutating func span(in scope: UInt32) throws(DecodingError) {
        try charge(NodeBudget.span)
        var record = SpanRecord(scope: scope)
        var ids = ReadIdentifiers()
        var attributes = ReadAttributes()
        while let name = try json.nextName() {
            switch name {
            case "traceId", "trace_id": try traceID(into: &ids)
            case "spanId", "span_id": try spanID(into: &ids)
            case "traceState", "trace_state": record.traceState = try slice()
            case "parentSpanId", "parent_span_id": try parentSpanID(into: &ids)
            case "name": record.name = try slice()
            case "kind": record.kind = try json.enumeration(Self.spanKind)
            case "startTimeUnixNano", "start_time_unix_nano":
                record.startTimeUnixNano = try json.uint64()
            case "endTimeUnixNano", "end_time_unix_nano":
                record.endTimeUnixNano = try json.uint64()
            case "attributes": attributes = try self.attributes()
            case "droppedAttributesCount", "dropped_attributes_count":
                record.droppedAttributesCount = try json.uint32()
            case "events": record.events = try events()
            case "droppedEventsCount", "dropped_events_count":
                record.droppedEventsCount = try json.uint32()
            case "links": record.links = try links()
            case "droppedLinksCount", "dropped_links_count":
                record.droppedLinksCount = try json.uint32()
            case "status": try status(of: &record)
            case "flags": record.flags = try json.uint32()
            default: try json.skipValue()
            }
        }
        record.attributes = attributes.range
        record.droppedAttributesCount.add(attributes.dropped)
        (record.traceID, record.spanID) = (ids.traceID, ids.spanID)
        record.parentSpanID = ids.parentSpanID
        record.irregular = keepIrregular(ids, of: .span(UInt32(batch.spans.count)))
        batch.spans.append(record)
    }

    // message Status { reserved 1; string message = 2; StatusCode code = 3; }
    private mutating func status(of span: inout SpanRecord) throws(DecodingError) {
        span.statusCode = 0
        span.statusMessage = .empty
        span.hasStatus = try json.beginObject()
        guard span.hasStatus else { return }
        while let name = try json.nextName() {
            switch name {
            case "message": span.statusMessage = try slice()
            case "code": span.statusCode = try json.enumeration(Self.statusCode)
            default: try json.skipValue()
            }
        }
    }

    private mutating func events() throws(DecodingError) -> RecordRange {
        let start = batch.events.count
        guard try json.beginArray() else { return .empty }
        while try json.nextObject() { try event() }
        return RecordRange(start: UInt32(start), count: UInt32(batch.events.count - start))
    }

    // message Event { fixed64 time_unix_nano = 1; string name = 2;
    //   repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4; }
    private mutating func event() throws(DecodingError) {
        try charge()
        var record = EventRecord()
        var attributes = ReadAttributes()
        while let name = try json.nextName() {
            switch name {
            case "timeUnixNano", "time_unix_nano": record.timeUnixNano = try json.uint64()
            case "name": record.name = try slice()
            case "attributes": attributes = try self.attributes()
            case "droppedAttributesCount", "dropped_attributes_count":
                record.droppedAttributesCount = try json.uint32()
            default: try json.skipValue()
            }
        }
        record.attributes = attributes.range
        record.droppedAttributesCount.add(attributes.dropped)
        batch.events.append(record)
    }

    private mutating func links() throws(DecodingError) -> RecordRange {
        let start = batch.links.count
        guard try json.beginArray() else { return .empty }
        while try json.nextObject() { try link() }
        return RecordRange(start: UInt32(start), count: UInt32(batch.links.count - start))
    }

    // message Link { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3;
    //   repeated KeyValue attributes = 4; uint32 dropped_attributes_count = 5;
    //   fixed32 flags = 6; }
    private mutating func link() throws(DecodingError) {
        try charge()
        var record = LinkRecord()
        var ids = ReadIdentifiers()
        var attributes = ReadAttributes()
        while let name = try json.nextName() {
            switch name {
            case "traceId", "trace_id": try traceID(into: &ids)
            case "spanId", "span_id": try spanID(into: &ids)
            case "traceState", "trace_state": record.traceState = try slice()
            case "attributes": attributes = try self.attributes()
            case "droppedAttributesCount", "dropped_attributes_count":
                record.droppedAttributesCount = try json.uint32()
            case "flags": record.flags = try json.uint32()
            default: try json.skipValue()
            }
        }
        record.attributes = attributes.range
        record.droppedAttributesCount.add(attributes.dropped)
        (record.traceID, record.spanID) = (ids.traceID, ids.spanID)
        record.irregular = keepIrregular(ids, of: .link(UInt32(batch.links.count)))
        batch.links.append(record)
    }

    private static func spanKind(_ name: JSONFieldName) -> Int32? {
        switch name {
        case "SPAN_KIND_UNSPECIFIED": 0
        case "SPAN_KIND_INTERNAL": 1
        case "SPAN_KIND_SERVER": 2
        case "SPAN_KIND_CLIENT": 3
        case "SPAN_KIND_PRODUCER": 4
        case "SPAN_KIND_CONSUMER": 5
        default: nil
        }
    }

    private static func statusCode(_ name: JSONFieldName) -> Int32? {
        switch name {
        case "STATUS_CODE_UNSET": 0
        case "STATUS_CODE_OK": 1
        case "STATUS_CODE_ERROR": 2
        default: nil
        }
    }
}
