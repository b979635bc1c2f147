extension TraceBatch {
    /// This batch as one `ExportTraceServiceRequest`.
    ///
    /// Fields are in the order of their numbers and defaults are left out, so that a body which
    /// came like this goes out with equal bytes. Fields that the schema does not name follow those
    /// that it names. Spans of one scope keep their order.
    /// - Complexity: linear, whatever the order of spans and scopes.
    public func protobuf() -> [UInt8] {
        var encoder = ProtobufEncoder()
        encoder.encode(self)
        return encoder.writer.bytes
    }
}

/// Encodes batches one after the other, in memory that it keeps.
///
/// Once it has encoded a batch of some size, encoding one of that size takes no memory.
public struct ProtobufEncoder: ~Copyable {
    // It writes from the end to the start; so each function reads from its last line to its first.
    private var batch = TraceBatch()
    fileprivate var writer = BackwardWriter(expecting: 0)
    private var scopes = GroupedIndices()
    private var spans = GroupedIndices()
    private var unknown = OwnerIndex()
    private var irregular = OwnerIndex()

    public init() {}

    /// The batch that was encoded last, as one `ExportTraceServiceRequest`; empty before the first.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get { writer.span }
    }

    /// Encodes a batch; see `TraceBatch.protobuf()`. The result is in `bytes`.
    public mutating func encode(_ batch: TraceBatch) {
        self.batch = batch
        writer.restart(expecting: batch.bytes.count + 64)
        unknown = OwnerIndex(batch.unknownFields) { $0.owner.code }
        irregular = OwnerIndex(batch.irregularIDs) { $0.owner.code }
        scopes.regroup(batch.scopes, groups: batch.resources.count) { $0.resource }
        spans.regroup(batch.spans, groups: batch.scopes.count) { $0.scope }
        writeRequest()
        self.batch = TraceBatch()
    }

    private mutating func writeRequest() {
        writeUnknown(of: .request)
        for resource in batch.resources.indices.reversed() {
            let mark = writer.count
            writeUnknown(of: .resourceSpans(UInt32(resource)))
            writer.field(tag: 0x1A, batch.resources[resource].schemaURL, of: batch.bytes)
            for place in scopes.places(of: resource).reversed() {
                writeScopeSpans(scopes.element(at: place))
            }
            write(batch.resources[resource], at: UInt32(resource))
            writer.close(tag: 0x0A, since: mark)
        }
    }

    private mutating func write(_ resource: ResourceRecord, at index: UInt32) {
        guard resource.hasResource || !resource.attributes.isEmpty else { return }
        let mark = writer.count
        writeUnknown(of: .resource(index))
        writer.field(tag: 0x10, varint: UInt64(resource.droppedAttributesCount))
        writeAttributes(resource.attributes, tag: 0x0A)
        writer.close(tag: 0x0A, since: mark)
    }

    private mutating func writeScopeSpans(_ index: Int) {
        let mark = writer.count
        let scope = batch.scopes[index]
        writeUnknown(of: .scopeSpans(UInt32(index)))
        writer.field(tag: 0x1A, scope.schemaURL, of: batch.bytes)
        for place in spans.places(of: index).reversed() {
            writeSpan(spans.element(at: place))
        }
        write(scope, at: UInt32(index))
        writer.close(tag: 0x12, since: mark)
    }

    private mutating func write(_ scope: ScopeRecord, at index: UInt32) {
        guard
            scope.hasScope || !scope.name.isEmpty || !scope.version.isEmpty
                || !scope.attributes.isEmpty
        else { return }
        let mark = writer.count
        writeUnknown(of: .scope(index))
        writer.field(tag: 0x20, varint: UInt64(scope.droppedAttributesCount))
        writeAttributes(scope.attributes, tag: 0x1A)
        writer.field(tag: 0x12, scope.version, of: batch.bytes)
        writer.field(tag: 0x0A, scope.name, of: batch.bytes)
        writer.close(tag: 0x0A, since: mark)
    }

    private mutating func writeSpan(_ index: Int) {
        let mark = writer.count
        let span = batch.spans[index]
        let owner = IrregularID.Owner.span(UInt32(index))
        writeUnknown(of: .span(UInt32(index)))
        if span.flags != 0 {
            writer.write(fixed32: span.flags)
            writer.write(tag: 0x85)
        }
        writeStatus(of: span, at: UInt32(index))
        writer.field(tag: 0x70, varint: UInt64(span.droppedLinksCount))
        for link in span.links.indices.reversed() { writeLink(link) }
        writer.field(tag: 0x60, varint: UInt64(span.droppedEventsCount))
        for event in span.events.indices.reversed() { writeEvent(event) }
        writer.field(tag: 0x50, varint: UInt64(span.droppedAttributesCount))
        writeAttributes(span.attributes, tag: 0x4A)
        writer.field(tag: 0x41, fixed64: span.endTimeUnixNano)
        writer.field(tag: 0x39, fixed64: span.startTimeUnixNano)
        writer.field(tag: 0x30, varint: UInt64(bitPattern: Int64(span.kind)))
        writer.field(tag: 0x2A, span.name, of: batch.bytes)
        write(span.parentSpanID, .parentSpanID, tag: 0x22, owner, span.irregular)
        writer.field(tag: 0x1A, span.traceState, of: batch.bytes)
        write(span.spanID, .spanID, tag: 0x12, owner, span.irregular)
        write(span.traceID, tag: 0x0A, owner, span.irregular)
        writer.close(tag: 0x12, since: mark)
    }

    private mutating func writeStatus(of span: SpanRecord, at index: UInt32) {
        guard span.hasStatus || span.statusCode != 0 || !span.statusMessage.isEmpty else { return }
        let mark = writer.count
        writeUnknown(of: .status(index))
        writer.field(tag: 0x18, varint: UInt64(bitPattern: Int64(span.statusCode)))
        writer.field(tag: 0x12, span.statusMessage, of: batch.bytes)
        writer.close(tag: 0x7A, since: mark)
    }

    private mutating func writeEvent(_ index: Int) {
        let mark = writer.count
        let event = batch.events[index]
        writeUnknown(of: .event(UInt32(index)))
        writer.field(tag: 0x20, varint: UInt64(event.droppedAttributesCount))
        writeAttributes(event.attributes, tag: 0x1A)
        writer.field(tag: 0x12, event.name, of: batch.bytes)
        writer.field(tag: 0x09, fixed64: event.timeUnixNano)
        writer.close(tag: 0x5A, since: mark)
    }

    private mutating func writeLink(_ index: Int) {
        let mark = writer.count
        let link = batch.links[index]
        let owner = IrregularID.Owner.link(UInt32(index))
        writeUnknown(of: .link(UInt32(index)))
        writer.field(tag: 0x35, fixed32: link.flags)
        writer.field(tag: 0x28, varint: UInt64(link.droppedAttributesCount))
        writeAttributes(link.attributes, tag: 0x22)
        writer.field(tag: 0x1A, link.traceState, of: batch.bytes)
        write(link.spanID, .spanID, tag: 0x12, owner, link.irregular)
        write(link.traceID, tag: 0x0A, owner, link.irregular)
        writer.close(tag: 0x6A, since: mark)
    }

    @inline(__always)
    private mutating func writeAttributes(_ range: RecordRange, tag: UInt32) {
        for index in range.indices.reversed() { write(batch.attributes[index], tag: tag) }
    }

    @inline(__always)
    private mutating func write(_ attribute: Attribute, tag: UInt32) {
        if attribute.kind == .string, unknown.isEmpty, !attribute.key.isEmpty {
            let text = Slice(packed: attribute.bits)
            if Int(attribute.key.length) + Int(text.length) <= BackwardWriter.shortText {
                writer.write(tag: tag, key: attribute.key, shortText: text, of: batch.bytes)
                return
            }
        }
        writeLong(attribute, tag: tag)
    }

    private mutating func writeLong(_ attribute: Attribute, tag: UInt32) {
        let mark = writer.count
        if !unknown.isEmpty { writeUnknown(of: .keyValue(attribute.key.offset)) }
        if !attribute.isWithoutValue {
            let valueMark = writer.count
            if !unknown.isEmpty { writeUnknown(of: .value(attribute.key.offset)) }
            writeValue(of: attribute)
            writer.close(tag: 0x12, since: valueMark)
        }
        writer.field(tag: 0x0A, attribute.key, of: batch.bytes)
        writer.close(tag: tag, since: mark)
    }

    @inline(__always)
    private mutating func writeValue(of attribute: Attribute) {
        let bits = attribute.bits
        switch attribute.kind {
        case .empty: break
        case .string: writer.member(tag: 0x0A, Slice(packed: bits), of: batch.bytes)
        case .bool:
            writer.write(byte: bits == 0 ? 0 : 1)
            writer.write(tag: 0x10)
        case .int:
            writer.write(varint: bits)
            writer.write(tag: 0x18)
        case .double:
            writer.write(fixed64: bits)
            writer.write(tag: 0x21)
        case .array: writer.member(tag: 0x2A, Slice(packed: bits), of: batch.bytes)
        case .keyValueList: writer.member(tag: 0x32, Slice(packed: bits), of: batch.bytes)
        case .bytes: writer.member(tag: 0x3A, Slice(packed: bits), of: batch.bytes)
        }
    }

    private mutating func writeUnknown(of owner: UnknownField.Owner) {
        guard !unknown.isEmpty else { return }
        unknown.forEachReversed(of: owner.code) { place in
            writer.write(batch.unknownFields[place].field, of: batch.bytes)
        }
    }
}

// Ids: the number where it is one, else the bytes that came, else nothing.
extension ProtobufEncoder {
    @inline(__always)
    private mutating func write(
        _ id: TraceID, tag: UInt32, _ owner: IrregularID.Owner, _ irregularIDs: IrregularIDs
    ) {
        if id.isValid {
            writer.write(fixed64: id.low.byteSwapped)
            writer.write(fixed64: id.high.byteSwapped)
            writer.write(tag: tag, length: 16)
        } else if irregularIDs.contains(.traceID) {
            writeIrregular(.traceID, tag: tag, of: owner)
        }
    }

    @inline(__always)
    private mutating func write(
        _ id: SpanID, _ field: IrregularIDs, tag: UInt32, _ owner: IrregularID.Owner,
        _ irregularIDs: IrregularIDs
    ) {
        if id.isValid {
            writer.write(fixed64: id.word.byteSwapped)
            writer.write(tag: tag, length: 8)
        } else if irregularIDs.contains(field) {
            writeIrregular(field, tag: tag, of: owner)
        }
    }

    private mutating func writeIrregular(
        _ field: IrregularIDs, tag: UInt32, of owner: IrregularID.Owner
    ) {
        irregular.forEachReversed(of: owner.code) { place in
            let id = batch.irregularIDs[place]
            if id.field == field { writer.field(tag: tag, id.bytes, of: batch.bytes) }
        }
    }
}
