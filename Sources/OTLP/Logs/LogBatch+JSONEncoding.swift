extension LogBatch {
    /// This batch as one `ExportLogsServiceRequest` in its JSON mapping, as UTF-8; see
    /// `TraceBatch.json(pretty:)`.
    public func json(pretty: Bool = false) -> [UInt8] {
        var encoder = JSONTraceEncoder(content, pretty: pretty)
        encoder.writeLogsRequest(records)
        return encoder.finish()
    }
}

extension JSONTraceEncoder {
    fileprivate mutating func writeLogsRequest(_ records: [LogRecord]) {
        let scopes = GroupedIndices(batch.scopes, groups: batch.resources.count) { $0.resource }
        let places = GroupedIndices(records, groups: batch.scopes.count) { $0.scope }
        json.beginObject()
        if !batch.resources.isEmpty {
            json.name("resourceLogs")
            json.beginArray()
            for resource in batch.resources.indices {
                json.beginObject()
                writeResource(resource)
                let own = scopes.places(of: resource)
                if !own.isEmpty {
                    json.name("scopeLogs")
                    json.beginArray()
                    for place in own {
                        writeScopeLogs(scopes.element(at: place), places, records)
                    }
                    json.endArray()
                }
                text("schemaUrl", batch.resources[resource].schemaURL)
                json.endObject()
            }
            json.endArray()
        }
        json.endObject()
    }

    private mutating func writeScopeLogs(
        _ index: Int, _ places: GroupedIndices, _ records: [LogRecord]
    ) {
        json.beginObject()
        writeScope(index)
        let own = places.places(of: index)
        if !own.isEmpty {
            json.name("logRecords")
            json.beginArray()
            for place in own { writeLogRecord(records[places.element(at: place)]) }
            json.endArray()
        }
        text("schemaUrl", batch.scopes[index].schemaURL)
        json.endObject()
    }

    private mutating func writeLogRecord(_ record: LogRecord) {
        json.beginObject()
        nanoseconds("timeUnixNano", record.timeUnixNano)
        nanoseconds("observedTimeUnixNano", record.observedTimeUnixNano)
        number("severityNumber", Int64(record.severityNumber))
        text("severityText", record.severityText)
        if record.hasBody {
            json.name("body")
            value(record.body)
        }
        attributes(record.attributes, record.droppedAttributesCount)
        number("flags", Int64(record.flags))
        if record.traceID.isValid {
            json.name("traceId")
            json.hexadecimal(record.traceID)
        }
        if record.spanID.isValid {
            json.name("spanId")
            json.hexadecimal(record.spanID)
        }
        text("eventName", record.eventName)
        json.endObject()
    }
}
