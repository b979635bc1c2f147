extension LogBatch {
    /// Decodes an `ExportLogsServiceRequest` in its JSON mapping, by the rules of
    /// `TraceBatch.init(json:)`.
    public init(
        json body: [UInt8], keys: KeyTable = .none, limits: DecodingLimits = .standard
    ) throws(DecodingError) {
        guard body.count <= TraceBatch.maximumBytes else {
            throw DecodingError(
                kind: .limit, location: "", offset: TraceBatch.maximumBytes,
                reason: "expected a body below \(TraceBatch.maximumBytes) bytes, found a larger one"
            )
        }
        self.init(keys: keys)
        var decoder = JSONTraceDecoder(body, keys: keys, limits: limits)
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

    /// `SEVERITY_NUMBER_WARN2` is 14: six names, four steps each.
    private static func severityNumber(_ name: JSONFieldName) -> Int32? {
        if "SEVERITY_NUMBER_UNSPECIFIED" ~= name { return 0 }
        let text = String(decoding: name.bytes, as: UTF8.self)
        let prefix = "SEVERITY_NUMBER_"
        guard text.hasPrefix(prefix) else { return nil }
        let step = text.dropFirst(prefix.count)
        let levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
        for (place, level) in levels.enumerated() where step.hasPrefix(level) {
            switch step.dropFirst(level.count) {
            case "": return Int32(4 * place + 1)
            case "2": return Int32(4 * place + 2)
            case "3": return Int32(4 * place + 3)
            case "4": return Int32(4 * place + 4)
            default: return nil
            }
        }
        return nil
    }
}
