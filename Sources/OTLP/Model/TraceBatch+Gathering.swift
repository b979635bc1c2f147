/// Gathers spans of several batches into one, each resource and scope once.
///
/// It copies what it takes, so the sources may go. Spans keep the order in which they are added.
public struct TraceBatchGatherer: Sendable {
    public private(set) var batch: TraceBatch
    private var resourceIndices: [[UInt8]: UInt32] = [:]
    private var scopeIndices: [[UInt8]: UInt32] = [:]

    public init(keys: KeyTable) {
        batch = TraceBatch(keys: keys)
    }

    /// Adds the chosen spans of one batch.
    ///
    /// Unknown fields of spans, events and links, and irregular ids of links, are not carried over.
    /// - Throws: `CapacityError` when the gathered bytes would exceed 2 GiB; then some of the spans
    ///   may have been added.
    public mutating func add(
        spans chosen: some Sequence<Int>, of source: borrowing TraceBatch
    ) throws(CapacityError) {
        var scopes: [UInt32: UInt32] = [:]
        for index in chosen {
            let span = source.spans[index]
            let scope: UInt32
            if let known = scopes[span.scope] {
                scope = known
            } else {
                scope = try place(scope: source.scopes[Int(span.scope)], of: source)
                scopes[span.scope] = scope
            }
            try add(span, in: scope, of: source)
        }
    }

    /// The gathered batch; the gatherer may go on after it.
    public consuming func finish() -> TraceBatch { batch }

    private mutating func add(
        _ span: SpanRecord, in scope: UInt32, of source: borrowing TraceBatch
    ) throws(CapacityError) {
        var copy = span
        copy.scope = scope
        copy.name = try take(span.name, of: source)
        copy.traceState = try take(span.traceState, of: source)
        copy.statusMessage = try take(span.statusMessage, of: source)
        copy.irregular = []
        copy.attributes = try take(span.attributes, of: source)
        let firstEvent = batch.events.count
        for event in source.events[span.events.indices] {
            var copiedEvent = event
            copiedEvent.name = try take(event.name, of: source)
            copiedEvent.attributes = try take(event.attributes, of: source)
            batch.events.append(copiedEvent)
        }
        copy.events = RecordRange(start: UInt32(firstEvent), count: span.events.count)
        let firstLink = batch.links.count
        for link in source.links[span.links.indices] {
            var copiedLink = link
            copiedLink.irregular = []
            copiedLink.traceState = try take(link.traceState, of: source)
            copiedLink.attributes = try take(link.attributes, of: source)
            batch.links.append(copiedLink)
        }
        copy.links = RecordRange(start: UInt32(firstLink), count: span.links.count)
        batch.spans.append(copy)
    }

    private mutating func place(
        scope: ScopeRecord, of source: borrowing TraceBatch
    ) throws(CapacityError) -> UInt32 {
        let resource = try place(resource: source.resources[Int(scope.resource)], of: source)
        var identity = source.identity(of: scope)
        identity.append(contentsOf: [0, 0])
        for place in 0..<4 { identity.append(UInt8(truncatingIfNeeded: resource >> (8 * place))) }
        if let known = scopeIndices[identity] { return known }
        var copy = scope
        copy.resource = resource
        copy.name = try take(scope.name, of: source)
        copy.version = try take(scope.version, of: source)
        copy.schemaURL = try take(scope.schemaURL, of: source)
        copy.attributes = try take(scope.attributes, of: source)
        batch.scopes.append(copy)
        let index = UInt32(batch.scopes.count - 1)
        scopeIndices[identity] = index
        return index
    }

    private mutating func place(
        resource: ResourceRecord, of source: borrowing TraceBatch
    ) throws(CapacityError) -> UInt32 {
        let identity = source.identity(of: resource)
        if let known = resourceIndices[identity] { return known }
        var copy = resource
        copy.schemaURL = try take(resource.schemaURL, of: source)
        copy.attributes = try take(resource.attributes, of: source)
        batch.resources.append(copy)
        let index = UInt32(batch.resources.count - 1)
        resourceIndices[identity] = index
        return index
    }

    private mutating func take(
        _ slice: Slice, of source: borrowing TraceBatch
    ) throws(CapacityError) -> Slice {
        guard !slice.isEmpty else { return .empty }
        guard Int(slice.length) <= TraceBatch.maximumBytes - batch.bytes.count else {
            throw .batchExceeds2GiB
        }
        return batch.append(bytes: source.bytes(slice))
    }

    private mutating func take(
        _ range: RecordRange, of source: borrowing TraceBatch
    ) throws(CapacityError) -> RecordRange {
        let start = batch.attributes.count
        for attribute in source.attributes[range.indices] {
            var copy = attribute
            copy.key = try take(attribute.key, of: source)
            switch attribute.value {
            case .string(let slice): copy.value = .string(try take(slice, of: source))
            case .array(let slice): copy.value = .array(try take(slice, of: source))
            case .keyValueList(let slice): copy.value = .keyValueList(try take(slice, of: source))
            case .bytes(let slice): copy.value = .bytes(try take(slice, of: source))
            case .empty, .bool, .int, .double: break
            }
            batch.attributes.append(copy)
        }
        return RecordRange(start: UInt32(start), count: range.count)
    }
}

extension TraceBatch {
    /// Bytes that are equal exactly where two resources are.
    func identity(of resource: ResourceRecord) -> [UInt8] {
        var identity: [UInt8] = [resource.hasResource ? 1 : 0]
        identity.append(number: UInt64(resource.droppedAttributesCount))
        append(resource.schemaURL, to: &identity)
        append(resource.attributes, to: &identity)
        return identity
    }

    /// Bytes that are equal exactly where two scopes are, their resources aside.
    func identity(of scope: ScopeRecord) -> [UInt8] {
        var identity: [UInt8] = [scope.hasScope ? 1 : 0]
        identity.append(number: UInt64(scope.droppedAttributesCount))
        append(scope.name, to: &identity)
        append(scope.version, to: &identity)
        append(scope.schemaURL, to: &identity)
        append(scope.attributes, to: &identity)
        return identity
    }

    func append(_ slice: Slice, to identity: inout [UInt8]) {
        identity.append(number: UInt64(slice.length))
        identity.append(contentsOf: bytes[slice.range])
    }

    func append(_ range: RecordRange, to identity: inout [UInt8]) {
        for attribute in attributes[range.indices] {
            append(attribute.key, to: &identity)
            identity.append(attribute.kind.rawValue)
            switch attribute.value {
            case .string(let slice), .array(let slice), .keyValueList(let slice), .bytes(let slice):
                append(slice, to: &identity)
            case .empty, .bool, .int, .double:
                identity.append(number: attribute.bits)
            }
        }
    }
}

extension [UInt8] {
    mutating func append(number: UInt64) {
        for place in 0..<8 { append(UInt8(truncatingIfNeeded: number >> UInt64(8 * place))) }
    }
}
