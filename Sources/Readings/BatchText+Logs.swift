public import OTLP

extension BatchText {
    /// Resources, scopes and log records as they lie in the request, indented.
    public func text(of logs: LogBatch) -> String {
        let batch = logs.content
        var text = ""
        var resource: UInt32?
        var scope: UInt32?
        for record in logs.records {
            let recordScope = batch.scopes[Int(record.scope)]
            if recordScope.resource != resource {
                resource = recordScope.resource
                scope = nil
                text += describe(batch.resources[Int(recordScope.resource)], of: batch)
            }
            if record.scope != scope {
                scope = record.scope
                text += describe(recordScope, of: batch)
            }
            text += describe(record, of: batch)
        }
        text += "\(logs.records.count) log records in \(batch.scopes.count) scopes of "
        text += "\(batch.resources.count) resources\n"
        return text
    }

    private func describe(_ record: LogRecord, of batch: TraceBatch) -> String {
        var text = line(2, "log_record", batch.string(record.eventName).printable(limit: 200))
        if record.traceID.isValid { text += line(3, "trace_id", record.traceID.description) }
        if record.spanID.isValid { text += line(3, "span_id", record.spanID.description) }
        for (label, time) in [
            ("time_unix_nano", record.timeUnixNano),
            ("observed_time_unix_nano", record.observedTimeUnixNano),
        ] where time > 0 {
            text += line(3, label, "\(time)")
        }
        let number = record.severityNumber == 0 ? "" : "\(record.severityNumber)"
        text += line(3, "severity", [number, batch.string(record.severityText)].joinedWords)
        if record.flags != 0 { text += line(3, "flags", "0x" + String(record.flags, radix: 16)) }
        if record.hasBody {
            text += line(
                3, "body", JSONValue(batch.anyValue(record.body)).text, separator: " = ")
        }
        return text + attributes(record.attributes, depth: 3, of: batch)
            + dropped("attributes", record.droppedAttributesCount, depth: 3)
    }
}
