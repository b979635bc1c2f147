public import OTLP

/// Prints a decoded export request for a person, with every field that the schema has.
public struct BatchText: Sendable {
    public init() {}

    /// Resources, scopes and spans as they lie in the request, indented.
    public func text(of batch: TraceBatch) -> String {
        var text = ""
        var resource: UInt32?
        var scope: UInt32?
        for span in batch.spans {
            let spanScope = batch.scope(of: span)
            if spanScope.resource != resource {
                resource = spanScope.resource
                scope = nil
                text += describe(batch.resource(of: span), of: batch)
            }
            if span.scope != scope {
                scope = span.scope
                text += describe(spanScope, of: batch)
            }
            text += describe(span, of: batch)
        }
        text += "\(batch.spans.count) spans in \(batch.scopes.count) scopes of "
        text += "\(batch.resources.count) resources\n"
        return text
    }

    func describe(_ resource: ResourceRecord, of batch: TraceBatch) -> String {
        line(0, "resource", batch.string(resource.schemaURL))
            + attributes(resource.attributes, depth: 1, of: batch)
            + dropped("attributes", resource.droppedAttributesCount, depth: 1)
    }

    func describe(_ scope: ScopeRecord, of batch: TraceBatch) -> String {
        let name = [batch.string(scope.name), batch.string(scope.version)]
        return line(1, "scope", (name + [batch.string(scope.schemaURL)]).joinedWords)
            + attributes(scope.attributes, depth: 2, of: batch)
            + dropped("attributes", scope.droppedAttributesCount, depth: 2)
    }

    private func describe(_ span: SpanRecord, of batch: TraceBatch) -> String {
        var text = line(2, "span", batch.string(span.name).printable(limit: 200))
        text += line(3, "trace_id", span.traceID.description)
        text += line(3, "span_id", span.spanID.description)
        if span.parentSpanID.isValid {
            text += line(3, "parent_span_id", span.parentSpanID.description)
        }
        text += line(3, "kind", spanKindName(span.kind))
        text += line(3, "start_time_unix_nano", "\(span.startTimeUnixNano)")
        text += line(3, "end_time_unix_nano", "\(span.endTimeUnixNano)")
        text += line(3, "trace_state", batch.string(span.traceState))
        if span.flags != 0 { text += line(3, "flags", "0x" + String(span.flags, radix: 16)) }
        if span.hasStatus {
            let code = ["unset", "ok", "error"]
            let name =
                code.indices.contains(Int(span.statusCode))
                ? code[Int(span.statusCode)] : "\(span.statusCode)"
            text += line(
                3, "status", [name, batch.string(span.statusMessage)].joinedWords)
        }
        text += attributes(span.attributes, depth: 3, of: batch)
        for event in batch.events[span.events.indices] {
            text += line(3, "event", "\(batch.string(event.name)) at \(event.timeUnixNano)")
            text += attributes(event.attributes, depth: 4, of: batch)
            text += dropped("attributes", event.droppedAttributesCount, depth: 4)
        }
        for link in batch.links[span.links.indices] {
            let state = batch.string(link.traceState)
            text += line(3, "link", ["\(link.traceID)/\(link.spanID)", state].joinedWords)
            text += attributes(link.attributes, depth: 4, of: batch)
            text += dropped("attributes", link.droppedAttributesCount, depth: 4)
        }
        text += dropped("attributes", span.droppedAttributesCount, depth: 3)
        text += dropped("events", span.droppedEventsCount, depth: 3)
        text += dropped("links", span.droppedLinksCount, depth: 3)
        return text
    }

    func attributes(_ range: RecordRange, depth: Int, of batch: TraceBatch) -> String {
        batch.keyValues(range).map { entry in
            line(
                depth, entry.key.printable(limit: 200), JSONValue(entry.value).text,
                separator: " = ")
        }.joined()
    }

    func dropped(_ what: String, _ count: UInt32, depth: Int) -> String {
        count == 0 ? "" : line(depth, "dropped_\(what)_count", "\(count)")
    }

    func line(
        _ depth: Int, _ label: String, _ value: String, separator: String = " "
    ) -> String {
        let isBare = value.isEmpty && separator == " "
        if isBare && depth > 2 { return "" }
        let indent = String(repeating: "  ", count: depth)
        return indent + label + (isBare ? "" : separator + value.printable(limit: 100_000)) + "\n"
    }
}

extension [String] {
    var joinedWords: String { filter { !$0.isEmpty }.joined(separator: " ") }
}
