extension TraceBatch {
    /// Decodes an `ExportTraceServiceRequest` in its JSON mapping.
    ///
    /// Ids are hexadecimal. Texts without escapes stay where they are in the body. Unknown members
    /// are skipped, of repeated ones the last counts, `null` is "not set", and names are accepted in
    /// lowerCamelCase and as in the schema.
    ///
    /// Sources: OTLP specification, "JSON Protobuf Encoding"; protobuf.dev, "ProtoJSON Format".
    public init(
        json body: [UInt8], keys: KeyTable = .none, limits: DecodingLimits = .standard
    ) throws(DecodingError) {
        var decoder = try JSONTraceDecoder(body, keys: keys, limits: limits)
        try decoder.request()
        self = decoder.finish()
    }
}

/// Fills a batch from the members of the request's messages, in the order in which they come.
///
/// `Resource` and `InstrumentationScope` may follow what belongs to them, so records are added when
/// their message begins and filled in place.
struct JSONTraceDecoder: Sendable {
    var json: JSONMessageReader
    var batch: TraceBatch
    var budget: NodeBudget
    let limits: DecodingLimits
    /// The value being read was nested beyond the limit.
    var isTooDeep = false

    /// - Throws: where the body is larger than slices can tell.
    init(_ body: [UInt8], keys: KeyTable, limits: DecodingLimits) throws(DecodingError) {
        guard body.count <= TraceBatch.maximumBytes else {
            throw DecodingError(
                kind: .limit, location: "", offset: TraceBatch.maximumBytes,
                reason: "expected a body below \(TraceBatch.maximumBytes) bytes, found a larger one"
            )
        }
        json = JSONMessageReader(body)
        batch = TraceBatch(keys: keys)
        batch.bytes = body
        budget = NodeBudget(limits)
        self.limits = limits
    }

    consuming func finish() -> TraceBatch {
        batch.repairedStrings = json.repairedTexts
        return batch
    }

    mutating func charge(_ nodes: Int = 1) throws(DecodingError) {
        guard budget.charge(nodes) else {
            throw json.failure(
                "expected at most \(limits.maximumNodes) nodes, found more", kind: .limit)
        }
    }

    // message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
    mutating func request() throws(DecodingError) {
        let token = try json.next()
        guard case .beginObject = token else { throw json.mismatch("an object", token) }
        while let name = try json.nextName() {
            switch name {
            case "resourceSpans", "resource_spans":
                batch.truncate(resources: 0, scopes: 0, spans: 0, irregularIDs: 0)
                guard try json.beginArray() else { continue }
                while try json.nextObject() { try resourceSpans() }
            default: try json.skipValue()
            }
        }
        try json.end()
    }

    // message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2;
    //   string schema_url = 3; }
    private mutating func resourceSpans() throws(DecodingError) {
        try charge()
        let resource = batch.resources.count
        batch.resources.append(ResourceRecord())
        let (scopes, spans) = (batch.scopes.count, batch.spans.count)
        let irregularIDs = batch.irregularIDs.count
        while let name = try json.nextName() {
            switch name {
            case "resource": try self.resource(at: resource)
            case "scopeSpans", "scope_spans":
                batch.truncate(
                    resources: resource + 1, scopes: scopes, spans: spans,
                    irregularIDs: irregularIDs)
                guard try json.beginArray() else { continue }
                while try json.nextObject() { try scopeSpans(of: UInt32(resource)) }
            case "schemaUrl", "schema_url": batch.resources[resource].schemaURL = try slice()
            case "instrumentationLibrarySpans": try skipObsoleteScopes()
            default: try json.skipValue()
            }
        }
    }

    /// What `scope_spans` was called before OTLP 0.15.
    private mutating func skipObsoleteScopes() throws(DecodingError) {
        guard try json.beginArray() else { return }
        while !(try json.skipEndOfArray()) {
            try json.skipValue()
            batch.obsoleteScopes += 1
        }
    }

    // message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
    mutating func resource(at index: Int) throws(DecodingError) {
        var record = ResourceRecord()
        record.schemaURL = batch.resources[index].schemaURL
        defer { batch.resources[index] = record }
        guard try json.beginObject() else { return }
        record.hasResource = true
        var attributes = ReadAttributes()
        while let name = try json.nextName() {
            switch name {
            case "attributes": attributes = try self.attributes()
            case "droppedAttributesCount", "dropped_attributes_count":
                record.droppedAttributesCount = try json.uint32()
            default: try json.skipValue()
            }
        }
        record.attributes = attributes.range
        record.droppedAttributesCount.add(attributes.dropped)
    }

    // message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2;
    //   string schema_url = 3; }
    private mutating func scopeSpans(of resource: UInt32) throws(DecodingError) {
        try charge()
        let scope = batch.scopes.count
        batch.scopes.append(ScopeRecord(resource: resource))
        let (spans, irregularIDs) = (batch.spans.count, batch.irregularIDs.count)
        while let name = try json.nextName() {
            switch name {
            case "scope": try self.scope(at: scope)
            case "spans":
                batch.truncate(
                    resources: batch.resources.count, scopes: scope + 1, spans: spans,
                    irregularIDs: irregularIDs)
                guard try json.beginArray() else { continue }
                while try json.nextObject() { try span(in: UInt32(scope)) }
            case "schemaUrl", "schema_url": batch.scopes[scope].schemaURL = try slice()
            default: try json.skipValue()
            }
        }
    }

    // message InstrumentationScope { string name = 1; string version = 2;
    //   repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4; }
    mutating func scope(at index: Int) throws(DecodingError) {
        var record = ScopeRecord(resource: batch.scopes[index].resource)
        record.schemaURL = batch.scopes[index].schemaURL
        defer { batch.scopes[index] = record }
        guard try json.beginObject() else { return }
        record.hasScope = true
        var attributes = ReadAttributes()
        while let name = try json.nextName() {
            switch name {
            case "name": record.name = try slice()
            case "version": record.version = try slice()
            case "attributes": attributes = try self.attributes()
            case "droppedAttributesCount", "dropped_attributes_count":
                record.droppedAttributesCount = try json.uint32()
            default: try json.skipValue()
            }
        }
        record.attributes = attributes.range
        record.droppedAttributesCount.add(attributes.dropped)
    }
}

extension TraceBatch {
    /// Forgets the records that an earlier member of the same name had brought.
    mutating func truncate(
        resources: Int, scopes: Int, spans: Int, irregularIDs: Int
    ) {
        self.resources.removeSubrange(resources...)
        self.scopes.removeSubrange(scopes...)
        self.spans.removeSubrange(spans...)
        self.irregularIDs.removeSubrange(irregularIDs...)
    }
}

/// A list of attributes that was read, and how many were left out for their depth.
struct ReadAttributes {
    var range = RecordRange.empty
    var dropped: UInt32 = 0
}
