extension TraceBatch {
    /// ```proto
    /// message Span {
    ///   bytes trace_id = 1;
    ///   bytes span_id = 2;
    ///   string trace_state = 3;
    ///   bytes parent_span_id = 4;
    ///   string name = 5;
    ///   SpanKind kind = 6;
    ///   fixed64 start_time_unix_nano = 7;
    ///   fixed64 end_time_unix_nano = 8;
    ///   repeated KeyValue attributes = 9;
    ///   uint32 dropped_attributes_count = 10;
    ///   repeated Event events = 11;
    ///   uint32 dropped_events_count = 12;
    ///   repeated Link links = 13;
    ///   uint32 dropped_links_count = 14;
    ///   Status status = 15;
    ///   fixed32 flags = 16;
    /// }
    /// ```
    @_lifetime(cursor: copy cursor)
    mutating func decodeSpan(
        _ cursor: inout WireCursor, of scope: UInt32, before limit: Int
    ) throws(WireError) {
        try cursor.charge(NodeBudget.span)
        let end = try cursor.messageEnd(before: limit)
        let index = UInt32(spans.count)
        var span = SpanRecord(scope: scope)
        span.attributes = nextAttributes
        var deep: UInt32 = 0
        var firstChild: Int?
        while cursor.position < end {
            let tag = try cursor.tag(before: end)
            switch tag {
            case 0x0A: try decodeTraceID(&cursor, into: &span, at: index, before: end)
            case 0x12: try decodeSpanID(&cursor, into: &span, at: index, before: end)
            case 0x1A: span.traceState = try string(&cursor, before: end)
            case 0x22: try decodeParentSpanID(&cursor, into: &span, at: index, before: end)
            case 0x2A: span.name = try string(&cursor, before: end)
            case 0x30: span.kind = Int32(truncatingIfNeeded: try cursor.varint(before: end))
            case 0x39: span.startTimeUnixNano = try cursor.fixed64(before: end)
            case 0x41: span.endTimeUnixNano = try cursor.fixed64(before: end)
            case 0x4A:
                try decodeAttribute(&cursor, into: &span.attributes, deep: &deep, before: end)
            case 0x50:
                span.droppedAttributesCount =
                    UInt32(truncatingIfNeeded: try cursor.varint(before: end))
            case 0x5A, 0x6A:
                // Events and links have attributes too; they wait until the span's own are whole.
                if firstChild == nil { firstChild = cursor.fieldStart }
                _ = try cursor.slice(before: end)
            case 0x60:
                span.droppedEventsCount = UInt32(truncatingIfNeeded: try cursor.varint(before: end))
            case 0x70:
                span.droppedLinksCount = UInt32(truncatingIfNeeded: try cursor.varint(before: end))
            case 0x7A: try decodeStatus(&cursor, into: &span, at: index, before: end)
            case 0x85: span.flags = try cursor.fixed32(before: end)
            default: try keepUnknown(tag, of: .span(index), &cursor, before: end)
            }
        }
        span.droppedAttributesCount.add(deep)
        if let firstChild {
            cursor.position = firstChild
            try decodeChildren(&cursor, of: &span, before: end)
        }
        spans.append(span)
    }

    /// The events and links of a span; its other fields have been read.
    @_lifetime(cursor: copy cursor)
    private mutating func decodeChildren(
        _ cursor: inout WireCursor, of span: inout SpanRecord, before end: Int
    ) throws(WireError) {
        let firstEvent = events.count
        let firstLink = links.count
        while cursor.position < end {
            let tag = try cursor.tag(before: end)
            switch tag {
            case 0x5A: try decodeEvent(&cursor, before: end)
            case 0x6A: try decodeLink(&cursor, before: end)
            default: try cursor.skip(tag, before: end)
            }
        }
        span.events = RecordRange(
            start: UInt32(firstEvent), count: UInt32(events.count - firstEvent))
        span.links = RecordRange(start: UInt32(firstLink), count: UInt32(links.count - firstLink))
    }

    /// ```proto
    /// message Status {
    ///   string message = 2;
    ///   StatusCode code = 3;
    /// }
    /// ```
    @_lifetime(cursor: copy cursor)
    private mutating func decodeStatus(
        _ cursor: inout WireCursor, into span: inout SpanRecord, at index: UInt32,
        before limit: Int
    ) throws(WireError) {
        let end = try cursor.messageEnd(before: limit)
        span.hasStatus = true
        while cursor.position < end {
            let tag = try cursor.tag(before: end)
            switch tag {
            case 0x12: span.statusMessage = try string(&cursor, before: end)
            case 0x18: span.statusCode = Int32(truncatingIfNeeded: try cursor.varint(before: end))
            default: try keepUnknown(tag, of: .status(index), &cursor, before: end)
            }
        }
    }

    /// ```proto
    /// message Event {
    ///   fixed64 time_unix_nano = 1;
    ///   string name = 2;
    ///   repeated KeyValue attributes = 3;
    ///   uint32 dropped_attributes_count = 4;
    /// }
    /// ```
    @_lifetime(cursor: copy cursor)
    private mutating func decodeEvent(
        _ cursor: inout WireCursor, before limit: Int
    ) throws(WireError) {
        try cursor.charge()
        let end = try cursor.messageEnd(before: limit)
        var event = EventRecord()
        event.attributes = nextAttributes
        let index = UInt32(events.count)
        var deep: UInt32 = 0
        while cursor.position < end {
            let tag = try cursor.tag(before: end)
            switch tag {
            case 0x09: event.timeUnixNano = try cursor.fixed64(before: end)
            case 0x12: event.name = try string(&cursor, before: end)
            case 0x1A:
                try decodeAttribute(&cursor, into: &event.attributes, deep: &deep, before: end)
            case 0x20:
                event.droppedAttributesCount =
                    UInt32(truncatingIfNeeded: try cursor.varint(before: end))
            default: try keepUnknown(tag, of: .event(index), &cursor, before: end)
            }
        }
        event.droppedAttributesCount.add(deep)
        events.append(event)
    }

    /// ```proto
    /// message Link {
    ///   bytes trace_id = 1;
    ///   bytes span_id = 2;
    ///   string trace_state = 3;
    ///   repeated KeyValue attributes = 4;
    ///   uint32 dropped_attributes_count = 5;
    ///   fixed32 flags = 6;
    /// }
    /// ```
    @_lifetime(cursor: copy cursor)
    private mutating func decodeLink(
        _ cursor: inout WireCursor, before limit: Int
    ) throws(WireError) {
        try cursor.charge()
        let end = try cursor.messageEnd(before: limit)
        var link = LinkRecord()
        link.attributes = nextAttributes
        let index = UInt32(links.count)
        var deep: UInt32 = 0
        while cursor.position < end {
            let tag = try cursor.tag(before: end)
            switch tag {
            case 0x0A: try decodeTraceID(&cursor, into: &link, at: index, before: end)
            case 0x12: try decodeSpanID(&cursor, into: &link, at: index, before: end)
            case 0x1A: link.traceState = try string(&cursor, before: end)
            case 0x22:
                try decodeAttribute(&cursor, into: &link.attributes, deep: &deep, before: end)
            case 0x28:
                link.droppedAttributesCount =
                    UInt32(truncatingIfNeeded: try cursor.varint(before: end))
            case 0x35: link.flags = try cursor.fixed32(before: end)
            default: try keepUnknown(tag, of: .link(index), &cursor, before: end)
            }
        }
        link.droppedAttributesCount.add(deep)
        links.append(link)
    }
}
