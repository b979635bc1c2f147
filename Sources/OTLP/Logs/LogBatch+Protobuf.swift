extension LogBatch {
    /// Decodes one `ExportLogsServiceRequest`.
    ///
    /// Strings, values and ids are treated as those of `TraceBatch.init(protobuf:)`; fields that the
    /// schema does not name are skipped.
    /// - Throws: `DecodingError` for a body that is no such message or exceeds a limit.
    public init(
        protobuf body: [UInt8], keys: KeyTable = .none, limits: DecodingLimits = .standard
    ) throws(DecodingError) {
        self.init(keys: keys)
        var cursor = unsafe WireCursor(body.span.bytes, limits: limits)
        do throws(WireError) {
            guard body.count <= TraceBatch.maximumBytes else { throw .tooManyBytes }
            content.bytes = body
            try decodeRequest(&cursor)
            content.unknownFields.removeAll()
        } catch {
            throw DecodingError(error, of: .logsRequest, at: cursor, limits: limits)
        }
    }

    /// ```proto
    /// message ExportLogsServiceRequest {
    ///   repeated ResourceLogs resource_logs = 1;
    /// }
    /// ```
    @_lifetime(cursor: copy cursor)
    private mutating func decodeRequest(_ cursor: inout WireCursor) throws(WireError) {
        let end = cursor.body.byteCount
        while cursor.position < end {
            let tag = try cursor.tag(before: end)
            switch tag {
            case 0x0A: try decodeResourceLogs(&cursor, before: end)
            default: try cursor.skip(tag, before: end)
            }
        }
    }

    /// ```proto
    /// message ResourceLogs {
    ///   Resource resource = 1;
    ///   repeated ScopeLogs scope_logs = 2;
    ///   string schema_url = 3;
    /// }
    /// ```
    @_lifetime(cursor: copy cursor)
    private mutating func decodeResourceLogs(
        _ cursor: inout WireCursor, before limit: Int
    ) throws(WireError) {
        try cursor.charge()
        let end = try cursor.messageEnd(before: limit)
        let index = content.resources.count
        content.resources.append(ResourceRecord())
        while cursor.position < end {
            let tag = try cursor.tag(before: end)
            switch tag {
            case 0x0A: try content.decodeResource(&cursor, into: index, before: end)
            case 0x12: try decodeScopeLogs(&cursor, of: UInt32(index), before: end)
            case 0x1A:
                content.resources[index].schemaURL = try content.string(&cursor, before: end)
            default: try cursor.skip(tag, before: end)
            }
        }
    }

    /// ```proto
    /// message ScopeLogs {
    ///   InstrumentationScope scope = 1;
    ///   repeated LogRecord log_records = 2;
    ///   string schema_url = 3;
    /// }
    /// ```
    @_lifetime(cursor: copy cursor)
    private mutating func decodeScopeLogs(
        _ cursor: inout WireCursor, of resource: UInt32, before limit: Int
    ) throws(WireError) {
        try cursor.charge()
        let end = try cursor.messageEnd(before: limit)
        let index = content.scopes.count
        content.scopes.append(ScopeRecord(resource: resource))
        while cursor.position < end {
            let tag = try cursor.tag(before: end)
            switch tag {
            case 0x0A: try content.decodeScope(&cursor, into: index, before: end)
            case 0x12: try decodeLogRecord(&cursor, of: UInt32(index), before: end)
            case 0x1A:
                content.scopes[index].schemaURL = try content.string(&cursor, before: end)
            default: try cursor.skip(tag, before: end)
            }
        }
    }

    /// ```proto
    /// message LogRecord {
    ///   fixed64 time_unix_nano = 1;
    ///   SeverityNumber severity_number = 2;
    ///   string severity_text = 3;
    ///   AnyValue body = 5;
    ///   repeated KeyValue attributes = 6;
    ///   uint32 dropped_attributes_count = 7;
    ///   fixed32 flags = 8;
    ///   bytes trace_id = 9;
    ///   bytes span_id = 10;
    ///   fixed64 observed_time_unix_nano = 11;
    ///   string event_name = 12;
    /// }
    /// ```
    @_lifetime(cursor: copy cursor)
    private mutating func decodeLogRecord(
        _ cursor: inout WireCursor, of scope: UInt32, before limit: Int
    ) throws(WireError) {
        try cursor.charge(NodeBudget.span)
        let end = try cursor.messageEnd(before: limit)
        var record = LogRecord(scope: scope)
        record.attributes = content.nextAttributes
        var deep: UInt32 = 0
        var body = Attribute.withoutValue
        var isBodyTooDeep = false
        while cursor.position < end {
            let tag = try cursor.tag(before: end)
            switch tag {
            case 0x09: record.timeUnixNano = try cursor.fixed64(before: end)
            case 0x10:
                record.severityNumber = Int32(truncatingIfNeeded: try cursor.varint(before: end))
            case 0x1A: record.severityText = try content.string(&cursor, before: end)
            case 0x2A:
                try content.decodeValue(
                    &cursor, into: &body, isTooDeep: &isBodyTooDeep, before: end)
            case 0x32:
                try content.decodeAttribute(
                    &cursor, into: &record.attributes, deep: &deep, before: end)
            case 0x38:
                record.droppedAttributesCount =
                    UInt32(truncatingIfNeeded: try cursor.varint(before: end))
            case 0x45: record.flags = try cursor.fixed32(before: end)
            case 0x4A: record.traceID = TraceID(inField: try id(&cursor, before: end))
            case 0x52: record.spanID = SpanID(inField: try id(&cursor, before: end))
            case 0x59: record.observedTimeUnixNano = try cursor.fixed64(before: end)
            case 0x62: record.eventName = try content.string(&cursor, before: end)
            default: try cursor.skip(tag, before: end)
            }
        }
        if isBodyTooDeep {
            content.droppedDeepValues += 1
        } else if !body.isWithoutValue {
            record.body = body.value
            record.hasBody = true
        }
        record.droppedAttributesCount.add(deep)
        records.append(record)
    }

    @_lifetime(cursor: copy cursor)
    private func id(
        _ cursor: inout WireCursor, before end: Int
    ) throws(WireError) -> ArraySlice<UInt8> {
        content.bytes[try cursor.slice(before: end).range]
    }
}

extension TraceID {
    /// What the bytes of an id field say, be they the id or its text; invalid for others.
    init(inField bytes: ArraySlice<UInt8>) {
        self = .invalid
        if bytes.count == 16 {
            self = TraceID(
                high: UInt64(bigEndian: bytes.prefix(8)), low: UInt64(bigEndian: bytes.suffix(8)))
        } else if let words = IDText.words(bytes, idLength: 16) {
            self = TraceID(high: words[0], low: words[1])
        }
    }
}

extension SpanID {
    /// What the bytes of an id field say, be they the id or its text; invalid for others.
    init(inField bytes: ArraySlice<UInt8>) {
        self = .invalid
        if bytes.count == 8 {
            self = SpanID(word: UInt64(bigEndian: bytes))
        } else if let words = IDText.words(bytes, idLength: 8) {
            self = SpanID(word: words[0])
        }
    }
}

extension UInt64 {
    fileprivate init(bigEndian bytes: ArraySlice<UInt8>) {
        self = bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
