/// One `ExportLogsServiceRequest`, flat like a `TraceBatch`, whose machinery it shares.
///
/// Resources, scopes, attributes and bytes lie in `content`, which has no spans.
public struct LogBatch: Sendable {
    public internal(set) var content: TraceBatch
    public internal(set) var records: [LogRecord] = []

    init(keys: KeyTable) {
        content = TraceBatch(keys: keys)
    }
}

/// `LogRecord`. Times are nanoseconds since 1970-01-01 UTC; 0 means "not set".
public struct LogRecord: Sendable {
    public var timeUnixNano: UInt64 = 0
    public var observedTimeUnixNano: UInt64 = 0
    /// The span that was active; invalid where there was none.
    public var traceID = TraceID.invalid
    public var spanID = SpanID.invalid
    public var eventName = Slice.empty
    public var severityText = Slice.empty
    public var body = FlatValue.empty
    public var attributes = RecordRange.empty
    /// Index in `TraceBatch.scopes` of the batch's content.
    public var scope: UInt32
    /// `SeverityNumber`, from 1 to 24; 0 is "not set", and other numbers are kept.
    public var severityNumber: Int32 = 0
    public var droppedAttributesCount: UInt32 = 0
    /// The message had a `body`, be it an empty one.
    public var hasBody = false
    /// W3C trace flags in bits 0–7.
    public var flags: UInt32 = 0

    public init(scope: UInt32) {
        self.scope = scope
    }

    public var span: SpanKey { SpanKey(traceID: traceID, spanID: spanID) }
}
