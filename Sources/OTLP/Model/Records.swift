/// `ResourceSpans` without its spans: the resource and the schema that it follows.
public struct ResourceRecord: Sendable {
    /// The message had a `resource`, be it an empty one.
    public var hasResource = false
    public var attributes = RecordRange.empty
    public var droppedAttributesCount: UInt32 = 0
    /// `ResourceSpans.schema_url`.
    public var schemaURL = Slice.empty

    public init() {}
}

/// `ScopeSpans` without its spans: the instrumentation scope and the schema that it follows.
public struct ScopeRecord: Sendable {
    /// Index in `TraceBatch.resources`.
    public var resource: UInt32
    /// The message had a `scope`, be it an empty one.
    public var hasScope = false
    public var name = Slice.empty
    public var version = Slice.empty
    public var attributes = RecordRange.empty
    public var droppedAttributesCount: UInt32 = 0
    /// `ScopeSpans.schema_url`.
    public var schemaURL = Slice.empty

    public init(resource: UInt32) {
        self.resource = resource
    }
}

/// `Span`. Times are nanoseconds since 1970-01-01 UTC; 0 means "not set".
public struct SpanRecord: Sendable {
    public var traceID = TraceID.invalid
    public var spanID = SpanID.invalid
    /// Invalid for a root.
    public var parentSpanID = SpanID.invalid
    public var startTimeUnixNano: UInt64 = 0
    public var endTimeUnixNano: UInt64 = 0
    public var name = Slice.empty
    public var traceState = Slice.empty
    public var attributes = RecordRange.empty
    public var events = RecordRange.empty
    public var links = RecordRange.empty
    public var statusMessage = Slice.empty
    /// Index in `TraceBatch.scopes`.
    public var scope: UInt32
    /// W3C trace flags in bits 0–7; bit 8 says whether bit 9, "the parent is remote", is known.
    public var flags: UInt32 = 0
    /// `SpanKind`; numbers that the schema does not name are kept.
    public var kind: Int32 = 0
    /// `StatusCode`: 0 unset, 1 ok, 2 error; other numbers are kept.
    public var statusCode: Int32 = 0
    public var droppedAttributesCount: UInt32 = 0
    public var droppedEventsCount: UInt32 = 0
    public var droppedLinksCount: UInt32 = 0
    /// The message had a `status`, be it an empty one.
    public var hasStatus = false
    /// Ids whose bytes are of a wrong length or all zero; see `IrregularID`.
    public var irregular: IrregularIDs = []
    /// No span that came: it holds the event that a log record of the span with these ids makes.
    ///
    /// `TraceBatch.attachEvents()` takes such spans away; whoever encodes a batch calls it first.
    public var isEventCarrier = false

    public init(scope: UInt32) {
        self.scope = scope
    }

    public var key: SpanKey { SpanKey(traceID: traceID, spanID: spanID) }
}

/// `Span.Event`.
public struct EventRecord: Sendable {
    public var timeUnixNano: UInt64 = 0
    public var name = Slice.empty
    public var attributes = RecordRange.empty
    public var droppedAttributesCount: UInt32 = 0

    public init() {}
}

/// `Span.Link`.
public struct LinkRecord: Sendable {
    public var traceID = TraceID.invalid
    public var spanID = SpanID.invalid
    public var traceState = Slice.empty
    public var attributes = RecordRange.empty
    public var droppedAttributesCount: UInt32 = 0
    public var flags: UInt32 = 0
    public var irregular: IrregularIDs = []

    public init() {}
}

/// Which ids of a span or link came with a wrong length, or all zero.
public struct IrregularIDs: OptionSet, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    public static let traceID = IrregularIDs(rawValue: 1)
    public static let spanID = IrregularIDs(rawValue: 2)
    public static let parentSpanID = IrregularIDs(rawValue: 4)
}
