// Requests, resources and scopes. Field order is free, and a message may come in several parts:
// whatever is singular is merged, whatever is repeated is appended.
extension TraceBatch {
    /// ```proto
    /// message ExportTraceServiceRequest {
    ///   repeated ResourceSpans resource_spans = 1;
    /// }
    /// ```
    @_lifetime(cursor: copy cursor)
    mutating func decodeRequest(_ cursor: inout WireCursor) throws(WireError) {
        let end = cursor.body.byteCount
        while cursor.position < end {
            let tag = try cursor.tag(before: end)
            switch tag {
            case 0x0A: try decodeResourceSpans(&cursor, before: end)
            default: try keepUnknown(tag, of: .request, &cursor, before: end)
            }
        }
    }

    /// ```proto
    /// message ResourceSpans {
    ///   reserved 1000;
    ///   Resource resource = 1;
    ///   repeated ScopeSpans scope_spans = 2;
    ///   string schema_url = 3;
    /// }
    /// ```
    @_lifetime(cursor: copy cursor)
    private mutating func decodeResourceSpans(
        _ cursor: inout WireCursor, before limit: Int
    ) throws(WireError) {
        try cursor.charge()
        let end = try cursor.messageEnd(before: limit)
        let index = resources.count
        resources.append(ResourceRecord())
        while cursor.position < end {
            let tag = try cursor.tag(before: end)
            switch tag {
            case 0x0A: try decodeResource(&cursor, into: index, before: end)
            case 0x12: try decodeScopeSpans(&cursor, of: UInt32(index), before: end)
            case 0x1A: resources[index].schemaURL = try string(&cursor, before: end)
            default:
                if tag == Self.obsoleteScopeTag { obsoleteScopes += 1 }
                try keepUnknown(tag, of: .resourceSpans(UInt32(index)), &cursor, before: end)
            }
        }
    }

    /// What field 1000 was until it was reserved: `repeated InstrumentationLibrarySpans`.
    private static let obsoleteScopeTag: UInt32 = 1000 << 3 | 2

    /// ```proto
    /// message Resource {
    ///   repeated KeyValue attributes = 1;
    ///   uint32 dropped_attributes_count = 2;
    /// }
    /// ```
    @_lifetime(cursor: copy cursor)
    mutating func decodeResource(
        _ cursor: inout WireCursor, into index: Int, before limit: Int
    ) throws(WireError) {
        let end = try cursor.messageEnd(before: limit)
        resources[index].hasResource = true
        var range = try extendable(resources[index].attributes, &cursor)
        var deep: UInt32 = 0
        while cursor.position < end {
            let tag = try cursor.tag(before: end)
            switch tag {
            case 0x0A: try decodeAttribute(&cursor, into: &range, deep: &deep, before: end)
            case 0x10:
                resources[index].droppedAttributesCount =
                    UInt32(truncatingIfNeeded: try cursor.varint(before: end))
            default: try keepUnknown(tag, of: .resource(UInt32(index)), &cursor, before: end)
            }
        }
        resources[index].attributes = range
        resources[index].droppedAttributesCount.add(deep)
    }

    /// ```proto
    /// message ScopeSpans {
    ///   InstrumentationScope scope = 1;
    ///   repeated Span spans = 2;
    ///   string schema_url = 3;
    /// }
    /// ```
    @_lifetime(cursor: copy cursor)
    private mutating func decodeScopeSpans(
        _ cursor: inout WireCursor, of resource: UInt32, before limit: Int
    ) throws(WireError) {
        try cursor.charge()
        let end = try cursor.messageEnd(before: limit)
        let index = scopes.count
        scopes.append(ScopeRecord(resource: resource))
        while cursor.position < end {
            let tag = try cursor.tag(before: end)
            switch tag {
            case 0x0A: try decodeScope(&cursor, into: index, before: end)
            case 0x12: try decodeSpan(&cursor, of: UInt32(index), before: end)
            case 0x1A: scopes[index].schemaURL = try string(&cursor, before: end)
            default: try keepUnknown(tag, of: .scopeSpans(UInt32(index)), &cursor, before: end)
            }
        }
    }

    /// ```proto
    /// message InstrumentationScope {
    ///   string name = 1;
    ///   string version = 2;
    ///   repeated KeyValue attributes = 3;
    ///   uint32 dropped_attributes_count = 4;
    /// }
    /// ```
    @_lifetime(cursor: copy cursor)
    mutating func decodeScope(
        _ cursor: inout WireCursor, into index: Int, before limit: Int
    ) throws(WireError) {
        let end = try cursor.messageEnd(before: limit)
        var scope = scopes[index]
        scope.hasScope = true
        scope.attributes = try extendable(scope.attributes, &cursor)
        var deep: UInt32 = 0
        while cursor.position < end {
            let tag = try cursor.tag(before: end)
            switch tag {
            case 0x0A: scope.name = try string(&cursor, before: end)
            case 0x12: scope.version = try string(&cursor, before: end)
            case 0x1A:
                try decodeAttribute(&cursor, into: &scope.attributes, deep: &deep, before: end)
            case 0x20:
                scope.droppedAttributesCount =
                    UInt32(truncatingIfNeeded: try cursor.varint(before: end))
            default: try keepUnknown(tag, of: .scope(UInt32(index)), &cursor, before: end)
            }
        }
        scope.droppedAttributesCount.add(deep)
        scopes[index] = scope
    }
}
