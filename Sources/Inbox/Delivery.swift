public import OTLP

/// What an appending sink was given of one span and cannot take back.
public struct SpanPin: Hashable, Sendable {
    public var reported: SpanKey
    public var traceID: TraceID
    public var parentSpanID: SpanID
    public var sequence: Int
    public var duplicateOf: SpanID?

    public init(
        reported: SpanKey, traceID: TraceID, parentSpanID: SpanID, sequence: Int,
        duplicateOf: SpanID?
    ) {
        self.reported = reported
        self.traceID = traceID
        self.parentSpanID = parentSpanID
        self.sequence = sequence
        self.duplicateOf = duplicateOf
    }
}

/// How far one sink is with one run.
public struct Delivery: Hashable, Sendable {
    public enum State: String, Hashable, Sendable {
        /// The sink has the last revision.
        case delivered
        /// The sink has not got the last revision.
        case waiting
        /// Given up until somebody asks for it again.
        case parked
    }

    public var sink: String
    public var run: RunStatus
    public var state: State
    /// What the sink has: revision and newest request of it; 0 before the first delivery.
    public var revision: Int
    public var throughRequest: Int64
    /// What the sink has was settled.
    public var isSettled: Bool
    /// Failures since the last success.
    public var attempts: Int
    /// Not to be tried before; 0 when at once.
    public var nextAttemptUnixNano: Int64
    /// The last failure in words; nil after a success.
    public var error: String?
}
