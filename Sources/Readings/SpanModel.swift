public import OTLP

/// Mended spans in the shape of Agent-lightning's `Span` model (version 0.3), whose
/// `Span.model_validate` accepts each.
public struct SpanModel: Sendable {
    public var rolloutID: String
    public var attemptID: String

    public init(rolloutID: String, attemptID: String) {
        self.rolloutID = rolloutID
        self.attemptID = attemptID
    }

    /// One span. Sequence ids count from 1.
    public func json(of index: Int, in batch: TraceBatch, sequenceID: Int) -> JSONValue {
        let span = batch.spans[index]
        let resource = batch.resource(of: span)
        return [
            "rollout_id": .string(rolloutID),
            "attempt_id": .string(attemptID),
            "sequence_id": .int(Int64(sequenceID)),
            "trace_id": .string(span.traceID.description),
            "span_id": .string(span.spanID.description),
            "parent_id": span.parentSpanID.isValid
                ? .string(span.parentSpanID.description) : .null,
            "name": .string(batch.string(span.name)),
            "status": [
                "status_code": .string(
                    span.statusCode == 1 ? "OK" : span.statusCode == 2 ? "ERROR" : "UNSET"),
                "description": span.statusMessage.isEmpty
                    ? .null : .string(batch.string(span.statusMessage)),
            ],
            "attributes": attributes(of: span, in: batch),
            "events": .array(
                batch.events[span.events.indices].map { event in
                    [
                        "name": .string(batch.string(event.name)),
                        "attributes": attributes(event.attributes, of: batch),
                        "timestamp": seconds(event.timeUnixNano),
                    ]
                }),
            "links": .array(
                batch.links[span.links.indices].map { link in
                    [
                        "context": context(
                            SpanKey(traceID: link.traceID, spanID: link.spanID),
                            traceState: batch.string(link.traceState)),
                        "attributes": link.attributes.isEmpty
                            ? .null : attributes(link.attributes, of: batch),
                    ]
                }),
            "start_time": seconds(span.startTimeUnixNano),
            "end_time": seconds(span.endTimeUnixNano),
            "context": context(span.key, traceState: batch.string(span.traceState)),
            "parent": span.parentSpanID.isValid
                ? context(
                    SpanKey(traceID: span.traceID, spanID: span.parentSpanID), traceState: "")
                : .null,
            "resource": [
                "attributes": attributes(resource.attributes, of: batch),
                "schema_url": .string(batch.string(resource.schemaURL)),
            ],
            "kind": .string(spanKindName(span.kind)),
        ]
    }

    /// The adapters fail for all spans where a reward has no name, as AgentOps' rewards have none.
    private func attributes(of span: SpanRecord, in batch: TraceBatch) -> JSONValue {
        let attributes = attributes(span.attributes, of: batch)
        let key = "agentlightning.reward.0."
        guard case .object(let members) = attributes, attributes[key + "name"] == nil,
            attributes[key + "value"] != nil, batch.isDerived(key + "value", of: span)
        else { return attributes }
        return .object(members + [.init(key + "name", "primary")])
    }

    private func seconds(_ nanoseconds: UInt64) -> JSONValue {
        nanoseconds == 0 ? .null : .double(Double(nanoseconds) / 1e9)
    }

    private func context(_ key: SpanKey, traceState: String) -> JSONValue {
        let entries = traceState.split(separator: ",").compactMap { entry -> JSONValue.Member? in
            guard let equals = entry.firstIndex(of: "=") else { return nil }
            return JSONValue.Member(
                String(entry[..<equals].drop { $0 == " " }),
                .string(String(entry[entry.index(after: equals)...])))
        }
        return [
            "trace_id": .string(key.traceID.description),
            "span_id": .string(key.spanID.description),
            "is_remote": false,
            "trace_state": .object(entries),
        ]
    }

    /// The model takes scalars and lists of one scalar type: other values come as JSON text.
    private func attributes(_ range: RecordRange, of batch: TraceBatch) -> JSONValue {
        var members: [JSONValue.Member] = []
        var places: [String: Int] = [:]
        for entry in batch.keyValues(range) {
            guard let value = JSONValue(modelOf: entry.value) else { continue }
            if let place = places[entry.key] {
                members[place].value = value
            } else {
                places[entry.key] = members.count
                members.append(JSONValue.Member(entry.key, value))
            }
        }
        return .object(members)
    }
}

/// The name of a `SpanKind` in OpenTelemetry's words.
public func spanKindName(_ kind: Int32) -> String {
    switch kind {
    case 0: "UNSPECIFIED"
    case 1: "INTERNAL"
    case 2: "SERVER"
    case 3: "CLIENT"
    case 4: "PRODUCER"
    case 5: "CONSUMER"
    default: "\(kind)"
    }
}
