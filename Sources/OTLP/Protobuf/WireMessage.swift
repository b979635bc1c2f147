/// The messages of the trace and log services and the names of their fields, for what errors say.
///
/// Source: opentelemetry-proto, trace_service.proto, trace.proto, logs_service.proto,
/// logs.proto, resource.proto, common.proto.
enum WireMessage: String {
    case request = "ExportTraceServiceRequest"
    case resourceSpans = "ResourceSpans"
    case resource = "Resource"
    case scopeSpans = "ScopeSpans"
    case scope = "InstrumentationScope"
    case span = "Span"
    case event = "Span.Event"
    case link = "Span.Link"
    case status = "Status"
    case keyValue = "KeyValue"
    case anyValue = "AnyValue"
    case arrayValue = "ArrayValue"
    case keyValueList = "KeyValueList"
    case logsRequest = "ExportLogsServiceRequest"
    case resourceLogs = "ResourceLogs"
    case scopeLogs = "ScopeLogs"
    case logRecord = "LogRecord"

    /// The name of a field, and the message that it holds; nil for what the schema does not name.
    func field(_ number: UInt32) -> (name: String, message: WireMessage?)? {
        switch (self, number) {
        case (.request, 1): ("resource_spans", .resourceSpans)
        case (.resourceSpans, 1): ("resource", .resource)
        case (.resourceSpans, 2): ("scope_spans", .scopeSpans)
        case (.resourceSpans, 3): ("schema_url", nil)
        case (.resource, 1): ("attributes", .keyValue)
        case (.resource, 2): ("dropped_attributes_count", nil)
        case (.scopeSpans, 1): ("scope", .scope)
        case (.scopeSpans, 2): ("spans", .span)
        case (.scopeSpans, 3): ("schema_url", nil)
        case (.scope, 1): ("name", nil)
        case (.scope, 2): ("version", nil)
        case (.scope, 3): ("attributes", .keyValue)
        case (.scope, 4): ("dropped_attributes_count", nil)
        case (.span, 1): ("trace_id", nil)
        case (.span, 2): ("span_id", nil)
        case (.span, 3): ("trace_state", nil)
        case (.span, 4): ("parent_span_id", nil)
        case (.span, 5): ("name", nil)
        case (.span, 6): ("kind", nil)
        case (.span, 7): ("start_time_unix_nano", nil)
        case (.span, 8): ("end_time_unix_nano", nil)
        case (.span, 9): ("attributes", .keyValue)
        case (.span, 10): ("dropped_attributes_count", nil)
        case (.span, 11): ("events", .event)
        case (.span, 12): ("dropped_events_count", nil)
        case (.span, 13): ("links", .link)
        case (.span, 14): ("dropped_links_count", nil)
        case (.span, 15): ("status", .status)
        case (.span, 16): ("flags", nil)
        case (.event, 1): ("time_unix_nano", nil)
        case (.event, 2): ("name", nil)
        case (.event, 3): ("attributes", .keyValue)
        case (.event, 4): ("dropped_attributes_count", nil)
        case (.link, 1): ("trace_id", nil)
        case (.link, 2): ("span_id", nil)
        case (.link, 3): ("trace_state", nil)
        case (.link, 4): ("attributes", .keyValue)
        case (.link, 5): ("dropped_attributes_count", nil)
        case (.link, 6): ("flags", nil)
        case (.status, 2): ("message", nil)
        case (.status, 3): ("code", nil)
        case (.keyValue, 1): ("key", nil)
        case (.keyValue, 2): ("value", .anyValue)
        case (.anyValue, 1): ("string_value", nil)
        case (.anyValue, 2): ("bool_value", nil)
        case (.anyValue, 3): ("int_value", nil)
        case (.anyValue, 4): ("double_value", nil)
        case (.anyValue, 5): ("array_value", .arrayValue)
        case (.anyValue, 6): ("kvlist_value", .keyValueList)
        case (.anyValue, 7): ("bytes_value", nil)
        case (.arrayValue, 1): ("values", .anyValue)
        case (.keyValueList, 1): ("values", .keyValue)
        case (.logsRequest, 1): ("resource_logs", .resourceLogs)
        case (.resourceLogs, 1): ("resource", .resource)
        case (.resourceLogs, 2): ("scope_logs", .scopeLogs)
        case (.resourceLogs, 3): ("schema_url", nil)
        case (.scopeLogs, 1): ("scope", .scope)
        case (.scopeLogs, 2): ("log_records", .logRecord)
        case (.scopeLogs, 3): ("schema_url", nil)
        case (.logRecord, 1): ("time_unix_nano", nil)
        case (.logRecord, 2): ("severity_number", nil)
        case (.logRecord, 3): ("severity_text", nil)
        case (.logRecord, 5): ("body", .anyValue)
        case (.logRecord, 6): ("attributes", .keyValue)
        case (.logRecord, 7): ("dropped_attributes_count", nil)
        case (.logRecord, 8): ("flags", nil)
        case (.logRecord, 9): ("trace_id", nil)
        case (.logRecord, 10): ("span_id", nil)
        case (.logRecord, 11): ("observed_time_unix_nano", nil)
        case (.logRecord, 12): ("event_name", nil)
        default: nil
        }
    }
}
