extension LogBatch {
    /// Decodes an `ExportLogsServiceRequest` in its JSON mapping, by the rules of
    /// `TraceBatch.init(json:)`.
    public init(
        json body: [UInt8], keys: KeyTable = .none, limits: DecodingLimits = .standard
    ) throws(DecodingError) {
        self.init(keys: keys)
        var decoder = try JSONTraceDecoder(body, keys: keys, limits: limits)
        records = try decoder.logsRequest()
        content = decoder.finish()
    }
}

extension JSONTraceDecoder {
    // message ExportLogsServiceRequest { repeated ResourceLogs resource_logs = 1; }
    fileprivate mutating func logsRequest() throws(DecodingError) -> [LogRecord] {
        var records: [LogRecord] = []
        let token = try json.next()
        guard case .beginObject = token else { throw json.mismatch("an object", token) }
        while let name = try json.nextName() {
            switch name {
            case "resourceLogs", "resource_logs":
                records.removeAll()
                batch.truncate(resources: 0, scopes: 0, spans: 0, irregularIDs: 0)
                guard try json.beginArray() else { continue }
                while try json.nextObject() { try resourceLogs(into: &records) }
            default: try json.skipValue()
            }
        }
        try json.end()
        return records
    }

    // message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2;
    //   string schema_url = 3; }
    private mutating func resourceLogs(into records: inout [LogRecord]) throws(DecodingError) {
        try charge()
        let resource = batch.resources.count
        batch.resources.append(ResourceRecord())
        let (scopes, first) = (batch.scopes.count, records.count)
        while let name = try json.nextName() {
            switch name {
            case "resource": try self.resource(at: resource)
            case "scopeLogs", "scope_logs":
                records.removeSubrange(first...)
                batch.truncate(resources: resource + 1, scopes: scopes, spans: 0, irregularIDs: 0)
                guard try json.beginArray() else { continue }
                while try json.nextObject() {
                    try scopeLogs(of: UInt32(resource), into: &records)
                }
            case "schemaUrl", "schema_url": batch.resources[resource].schemaURL = try slice()
            default: try json.skipValue()
            }
        }
    }

    // message ScopeLogs { InstrumentationScope scope = 1; repeated LogRecord log_records = 2;
    //   string schema_url = 3; }
    private mutating func scopeLogs(
        of resource: UInt32, into records: inout [LogRecord]
    ) throws(DecodingError) {
        try charge()
        let scope = batch.scopes.count
        batch.scopes.append(ScopeRecord(resource: resource))
        let first = records.count
        while let name = try json.nextName() {
            switch name {
            case "scope": try self.scope(at: scope)
            case "logRecords", "log_records":
                records.removeSubrange(first...)
                guard try json.beginArray() else { continue }
                while try json.nextObject() { records.append(try logRecord(in: UInt32(scope))) }
            case "schemaUrl", "schema_url": batch.scopes[scope].schemaURL = try slice()
            default: try json.skipValue()
            }
        }
    }

    // message LogRecord { fixed64 time_unix_nano = 1; SeverityNumber severity_number = 2;
    //   string severity_text = 3; AnyValue body = 5; repeated KeyValue attributes = 6;
    //   uint32 dropped_attributes_count = 7; fixed32 flags = 8; bytes trace_id = 9;
    //   bytes span_id = 10; fixed64 observed_time_unix_nano = 11; string event_name = 12; }
    private mutating func logRecord(in scope: UInt32) throws(DecodingError) -> LogRecord {
        try charge(NodeBudget.span)
        var record = LogRecord(scope: scope)
        var ids = ReadIdentifiers()
        var attributes = ReadAttributes()
        while let name = try json.nextName() {
            switch name {
            case "timeUnixNano", "time_unix_nano": record.timeUnixNano = try json.uint64()
            case "observedTimeUnixNano", "observed_time_unix_nano":
                record.observedTimeUnixNano = try json.uint64()
            case "severityNumber", "severity_number":
                record.severityNumber = try json.enumeration(Self.severityNumber)
            case "severityText", "severity_text": record.severityText = try slice()
            case "body":
                isTooDeep = false
                let body = try anyValue()
                if isTooDeep { batch.droppedDeepValues += 1 }
                record.hasBody = body != nil && !isTooDeep
                record.body = isTooDeep ? .empty : body ?? .empty
                isTooDeep = false
            case "attributes": attributes = try self.attributes()
            case "droppedAttributesCount", "dropped_attributes_count":
                record.droppedAttributesCount = try json.uint32()
            case "flags": record.flags = try json.uint32()
            case "traceId", "trace_id": try traceID(into: &ids)
            case "spanId", "span_id": try spanID(into: &ids)
            case "eventName", "event_name": record.eventName = try slice()
            default: try json.skipValue()
            }
        }
        record.attributes = attributes.range
        record.droppedAttributesCount.add(attributes.dropped)
        (record.traceID, record.spanID) = usableIDs(ids)
        return record
    }

    private static func severityNumber(_ name: JSONFieldName) -> Int32? {
        switch name {
        case "SEVERITY_NUMBER_UNSPECIFIED": 0
        case "SEVERITY_NUMBER_TRACE": 1
        case "SEVERITY_NUMBER_TRACE2": 2
        case "SEVERITY_NUMBER_TRACE3": 3
        case "SEVERITY_NUMBER_TRACE4": 4
        case "SEVERITY_NUMBER_DEBUG": 5
        case "SEVERITY_NUMBER_DEBUG2": 6
        case "SEVERITY_NUMBER_DEBUG3": 7
        case "SEVERITY_NUMBER_DEBUG4": 8
        case "SEVERITY_NUMBER_INFO": 9
        case "SEVERITY_NUMBER_INFO2": 10
        case "SEVERITY_NUMBER_INFO3": 11
        case "SEVERITY_NUMBER_INFO4": 12
        case "SEVERITY_NUMBER_WARN": 13
        case "SEVERITY_NUMBER_WARN2": 14
        case "SEVERITY_NUMBER_WARN3": 15
        case "SEVERITY_NUMBER_WARN4": 16
        case "SEVERITY_NUMBER_ERROR": 17
        case "SEVERITY_NUMBER_ERROR2": 18
        case "SEVERITY_NUMBER_ERROR3": 19
        case "SEVERITY_NUMBER_ERROR4": 20
        case "SEVERITY_NUMBER_FATAL": 21
        case "SEVERITY_NUMBER_FATAL2": 22
        case "SEVERITY_NUMBER_FATAL3": 23
        case "SEVERITY_NUMBER_FATAL4": 24
        default: nil
        }
    }
}
