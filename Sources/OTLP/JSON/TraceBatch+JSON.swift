extension TraceBatch {
    /// This batch as one `ExportTraceServiceRequest` in its JSON mapping, as UTF-8.
    ///
    /// Names are in lowerCamelCase, ids hexadecimal, 64-bit integers text and enumerations numbers;
    /// defaults are left out. Fields that the schema does not name have no place in it.
    /// - Complexity: linear, whatever the order of spans and scopes.
    public func json(pretty: Bool = false) -> [UInt8] {
        var encoder = JSONTraceEncoder(self, pretty: pretty)
        encoder.writeRequest()
        return encoder.finish()
    }
}

/// Writes a batch as JSON; see `JSONTraceDecoder` for the messages.
struct JSONTraceEncoder: ~Copyable {
    let batch: TraceBatch
    var json: JSONWriter
    private let irregular: [IrregularID.Owner: [IrregularID]]

    init(_ batch: TraceBatch, pretty: Bool) {
        self.batch = batch
        json = JSONWriter(pretty: pretty, expecting: batch.bytes.count * 3)
        irregular = Dictionary(grouping: batch.irregularIDs, by: \.owner)
    }

    consuming func finish() -> [UInt8] { json.bytes }

    mutating func writeRequest() {
        let scopes = GroupedIndices(batch.scopes, groups: batch.resources.count) { $0.resource }
        let spans = GroupedIndices(batch.spans, groups: batch.scopes.count) { $0.scope }
        json.beginObject()
        if !batch.resources.isEmpty {
            json.name("resourceSpans")
            json.beginArray()
            for resource in batch.resources.indices { writeResourceSpans(resource, scopes, spans) }
            json.endArray()
        }
        json.endObject()
    }

    private mutating func writeResourceSpans(
        _ index: Int, _ scopes: GroupedIndices, _ spans: GroupedIndices
    ) {
        json.beginObject()
        writeResource(index)
        let places = scopes.places(of: index)
        if !places.isEmpty {
            json.name("scopeSpans")
            json.beginArray()
            for place in places { writeScopeSpans(scopes.element(at: place), spans) }
            json.endArray()
        }
        text("schemaUrl", batch.resources[index].schemaURL)
        json.endObject()
    }

    /// The member `resource` of a message, where it was set.
    mutating func writeResource(_ index: Int) {
        let resource = batch.resources[index]
        if resource.hasResource || !resource.attributes.isEmpty {
            json.name("resource")
            json.beginObject()
            attributes(resource.attributes, resource.droppedAttributesCount)
            json.endObject()
        }
    }

    private mutating func writeScopeSpans(_ index: Int, _ spans: GroupedIndices) {
        json.beginObject()
        writeScope(index)
        let places = spans.places(of: index)
        if !places.isEmpty {
            json.name("spans")
            json.beginArray()
            for place in places { writeSpan(spans.element(at: place)) }
            json.endArray()
        }
        text("schemaUrl", batch.scopes[index].schemaURL)
        json.endObject()
    }

    /// The member `scope` of a message, where it was set.
    mutating func writeScope(_ index: Int) {
        let scope = batch.scopes[index]
        if scope.hasScope || !scope.name.isEmpty || !scope.version.isEmpty
            || !scope.attributes.isEmpty
        {
            json.name("scope")
            json.beginObject()
            text("name", scope.name)
            text("version", scope.version)
            attributes(scope.attributes, scope.droppedAttributesCount)
            json.endObject()
        }
    }

    private mutating func writeSpan(_ index: Int) {
        let span = batch.spans[index]
        let owner = IrregularID.Owner.span(UInt32(index))
        json.beginObject()
        id("traceId", span.traceID, of: owner, span.irregular)
        id("spanId", span.spanID, .spanID, of: owner, span.irregular)
        text("traceState", span.traceState)
        id("parentSpanId", span.parentSpanID, .parentSpanID, of: owner, span.irregular)
        number("flags", Int64(span.flags))
        text("name", span.name)
        number("kind", Int64(span.kind))
        nanoseconds("startTimeUnixNano", span.startTimeUnixNano)
        nanoseconds("endTimeUnixNano", span.endTimeUnixNano)
        attributes(span.attributes, span.droppedAttributesCount)
        list("events", span.events) { encoder, index in encoder.writeEvent(index) }
        number("droppedEventsCount", Int64(span.droppedEventsCount))
        list("links", span.links) { encoder, index in encoder.writeLink(index) }
        number("droppedLinksCount", Int64(span.droppedLinksCount))
        if span.hasStatus || span.statusCode != 0 || !span.statusMessage.isEmpty {
            json.name("status")
            json.beginObject()
            text("message", span.statusMessage)
            number("code", Int64(span.statusCode))
            json.endObject()
        }
        json.endObject()
    }

    private mutating func writeEvent(_ index: Int) {
        let event = batch.events[index]
        json.beginObject()
        nanoseconds("timeUnixNano", event.timeUnixNano)
        text("name", event.name)
        attributes(event.attributes, event.droppedAttributesCount)
        json.endObject()
    }

    private mutating func writeLink(_ index: Int) {
        let link = batch.links[index]
        let owner = IrregularID.Owner.link(UInt32(index))
        json.beginObject()
        id("traceId", link.traceID, of: owner, link.irregular)
        id("spanId", link.spanID, .spanID, of: owner, link.irregular)
        text("traceState", link.traceState)
        attributes(link.attributes, link.droppedAttributesCount)
        number("flags", Int64(link.flags))
        json.endObject()
    }
}

// Fields, left out where they equal the default.
extension JSONTraceEncoder {
    @inline(__always)
    mutating func text(_ name: StaticString, _ slice: Slice) {
        guard !slice.isEmpty else { return }
        json.name(name)
        json.string(slice, of: batch.bytes)
    }

    @inline(__always)
    mutating func number(_ name: StaticString, _ number: Int64) {
        guard number != 0 else { return }
        json.name(name)
        json.int(number)
    }

    @inline(__always)
    mutating func nanoseconds(_ name: StaticString, _ time: UInt64) {
        guard time != 0 else { return }
        json.name(name)
        json.text(time)
    }

    private mutating func list(
        _ name: StaticString, _ range: RecordRange,
        _ write: (inout JSONTraceEncoder, Int) -> Void
    ) {
        guard !range.isEmpty else { return }
        json.name(name)
        json.beginArray()
        for index in range.indices { write(&self, index) }
        json.endArray()
    }

    mutating func attributes(_ range: RecordRange, _ dropped: UInt32) {
        list("attributes", range) { encoder, index in
            encoder.attribute(encoder.batch.attributes[index])
        }
        number("droppedAttributesCount", Int64(dropped))
    }

    @inline(__always)
    private mutating func attribute(_ attribute: Attribute) {
        if !json.isPretty, !attribute.key.isEmpty {
            // Nearly all attributes are one of these two.
            switch attribute.kind {
            case .string:
                let text = Slice(packed: attribute.bits)
                return json.attribute(key: attribute.key, text: text, of: batch.bytes)
            case .int:
                let integer = Int64(bitPattern: attribute.bits)
                return json.attribute(key: attribute.key, integer: integer, of: batch.bytes)
            default: break
            }
        }
        json.beginObject()
        text("key", attribute.key)
        if !attribute.isWithoutValue {
            json.name("value")
            value(attribute.value)
        }
        json.endObject()
    }

    mutating func value(_ value: FlatValue) {
        switch value {
        case .string(let slice):
            json.beginObject()
            json.name("stringValue")
            json.string(slice, of: batch.bytes)
            json.endObject()
        case .int(let number):
            json.beginObject()
            json.name("intValue")
            json.text(number)
            json.endObject()
        case .empty, .bool, .double, .array, .keyValueList, .bytes:
            json.write(batch.anyValue(value))
        }
    }

    private mutating func id(
        _ name: StaticString, _ id: TraceID, of owner: IrregularID.Owner,
        _ irregularIDs: IrregularIDs
    ) {
        if id.isValid {
            json.name(name)
            json.hexadecimal(id)
        } else if irregularIDs.contains(.traceID) {
            irregularID(name, .traceID, of: owner)
        }
    }

    private mutating func id(
        _ name: StaticString, _ id: SpanID, _ field: IrregularIDs, of owner: IrregularID.Owner,
        _ irregularIDs: IrregularIDs
    ) {
        if id.isValid {
            json.name(name)
            json.hexadecimal(id)
        } else if irregularIDs.contains(field) {
            irregularID(name, field, of: owner)
        }
    }

    private mutating func irregularID(
        _ name: StaticString, _ field: IrregularIDs, of owner: IrregularID.Owner
    ) {
        guard let id = irregular[owner]?.last(where: { $0.field == field }) else { return }
        json.name(name)
        json.plain(Array(batch.bytes(id.bytes)).hexadecimal)
    }
}
