public import OTLP

/// Who a run is: what the ids that mending makes up are derived from.
public enum RunIdentity: Hashable, Sendable {
    /// The run is one reported trace; it keeps that trace's id.
    case trace(TraceID)
    /// The run goes by a name, such as `rollout/attempt`, and may span several reported traces.
    case named(String)
}

/// What mending makes of the spans of one run.
public struct MendedRun: Sendable {
    /// The spans, normalised, with mended parents and trace ids, and with `tracemend.*` attributes
    /// that tell every change. Parents stand before their children.
    public var batch: TraceBatch
    /// One entry for each span of `batch`, in the same order.
    public var spans: [MendedSpan]
    /// What could not be done, in words, each at most once.
    public var notes: [String]

    public init(batch: TraceBatch, spans: [MendedSpan], notes: [String]) {
        self.batch = batch
        self.spans = spans
        self.notes = notes
    }
}

/// What mending decided about one span.
public struct MendedSpan: Hashable, Sendable {
    /// The trace and span id that were reported; of a placeholder, its own.
    public var reported: SpanKey
    /// The parent's id as it was reported; invalid for a root and for a placeholder.
    public var reportedParentSpanID: SpanID
    /// The name of the step that changed the parent, and how sure it was; nil where nothing changed.
    public var repair: Repair?
    /// The span of this run that tells the same call and counts instead of this one.
    public var duplicateOf: SpanID?
    /// The span stands for a parent that was never exported.
    public var isPlaceholder: Bool
    /// The place in causal order, from 0: parents before children, then by time.
    public var sequence: Int

    public struct Repair: Hashable, Sendable {
        /// Names of steps are lower-case words joined by underscores, such as `lost_parent`.
        public var rule: String
        /// 0…1.
        public var confidence: Double

        public init(rule: String, confidence: Double) {
            self.rule = rule
            self.confidence = confidence
        }
    }

    public init(
        reported: SpanKey, reportedParentSpanID: SpanID, repair: Repair? = nil,
        duplicateOf: SpanID? = nil, isPlaceholder: Bool = false, sequence: Int = 0
    ) {
        self.reported = reported
        self.reportedParentSpanID = reportedParentSpanID
        self.repair = repair
        self.duplicateOf = duplicateOf
        self.isPlaceholder = isPlaceholder
        self.sequence = sequence
    }
}

/// What an appending sink has been given already and cannot take back.
///
/// Keyed by the reported trace and span id; placeholders by their own.
public struct Pins: Sendable {
    public struct Pin: Hashable, Sendable {
        public var traceID: TraceID
        public var parentSpanID: SpanID
        public var sequence: Int
        public var duplicateOf: SpanID?

        public init(traceID: TraceID, parentSpanID: SpanID, sequence: Int, duplicateOf: SpanID?) {
            self.traceID = traceID
            self.parentSpanID = parentSpanID
            self.sequence = sequence
            self.duplicateOf = duplicateOf
        }
    }

    public var spans: [SpanKey: Pin]

    public init(spans: [SpanKey: Pin] = [:]) {
        self.spans = spans
    }

    public static let none = Pins()
}
