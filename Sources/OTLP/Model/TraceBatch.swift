/// One `ExportTraceServiceRequest`, flat: the bytes that it came in, and arrays of trivial records
/// that point into them.
///
/// No text is made while decoding; strings are made at the edge, by `string(_:)` and its siblings.
/// Attributes of resources, scopes, spans, events and links share one array; each owner has a
/// range of it. An edit appends and moves the range, and never writes into bytes that came in.
public struct TraceBatch: Sendable {
    /// What slices point into: the request's body, then whatever edits added.
    public internal(set) var bytes: [UInt8] = []
    public var resources: [ResourceRecord] = []
    public var scopes: [ScopeRecord] = []
    public var spans: [SpanRecord] = []
    public var events: [EventRecord] = []
    public var links: [LinkRecord] = []
    public internal(set) var attributes: [Attribute] = []
    /// Fields that the schema does not name, kept for re-encoding.
    var unknownFields: [UnknownField] = []
    /// The bytes of ids that are none: of a wrong length, or all zero.
    public internal(set) var irregularIDs: [IrregularID] = []
    /// What the key ids in `attributes` mean.
    public internal(set) var keys: KeyTable
    /// Strings that were not UTF-8 and had their bad bytes replaced by U+FFFD.
    public internal(set) var repairedStrings = 0
    /// Values nested deeper than the limit, that were dropped.
    public internal(set) var droppedDeepValues = 0
    /// `InstrumentationLibrarySpans`, which held spans before OTLP 0.15; they are not read.
    public internal(set) var obsoleteScopes = 0

    public init(keys: KeyTable = .none) {
        self.keys = keys
    }

    /// Empties the batch and keeps its memory.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        removeRecords()
    }

    /// Empties all but `bytes`, which a decoder replaces by the body that it shares.
    mutating func removeRecords() {
        resources.removeAll(keepingCapacity: true)
        scopes.removeAll(keepingCapacity: true)
        spans.removeAll(keepingCapacity: true)
        events.removeAll(keepingCapacity: true)
        links.removeAll(keepingCapacity: true)
        attributes.removeAll(keepingCapacity: true)
        unknownFields.removeAll(keepingCapacity: true)
        irregularIDs.removeAll(keepingCapacity: true)
        repairedStrings = 0
        droppedDeepValues = 0
        obsoleteScopes = 0
    }
}

/// One field that the schema does not name: its tag and value as they came.
struct UnknownField: Sendable {
    enum Owner: Hashable, Sendable {
        case request
        case resourceSpans(UInt32)
        case resource(UInt32)
        case scopeSpans(UInt32)
        case scope(UInt32)
        case span(UInt32)
        case status(UInt32)
        case event(UInt32)
        case link(UInt32)
        /// The offset of an attribute's key: unlike its index, it stays when attributes move.
        case keyValue(UInt32)
        /// The offset of the key of the attribute that has the value.
        case value(UInt32)
    }

    var owner: Owner
    var field: Slice
}

/// The bytes of an id that is none: its length is not the schema's, or it is all zero.
public struct IrregularID: Sendable {
    public enum Owner: Hashable, Sendable {
        /// Index in `TraceBatch.spans`.
        case span(UInt32)
        /// Index in `TraceBatch.links`.
        case link(UInt32)
    }

    public var owner: Owner
    /// Exactly one of the three.
    public var field: IrregularIDs
    public var bytes: Slice
}
