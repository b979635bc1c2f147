public import OTLP

/// What the Inbox knows of one run.
public struct RunStatus: Hashable, Sendable {
    public enum State: String, Hashable, Sendable {
        /// More spans are expected.
        case open
        /// The last revision holds all requests and was recorded as settled.
        case settled
        /// Somebody closed the run, and nothing came since.
        case closed
    }

    public var key: RunKey
    /// Pages lists of runs: later runs have greater ones.
    public var cursor: Int64
    public var state: State
    /// By the collector's clock. `lastReceived` counts the run's own requests alone.
    public var firstReceivedUnixNano: Int64
    public var lastReceivedUnixNano: Int64
    /// The newest request that can change the run's result.
    public var lastRequest: Int64
    /// The newest request that the last revision took account of; 0 before the first.
    public var mendedThrough: Int64
    /// The run was closed when this was the newest request; 0 when never.
    public var closedThrough: Int64
    /// Bodies of the run up to this request may be gone; 0 when all are there.
    public var prunedThrough: Int64
    /// The last revision's number; 0 before the first.
    public var revision: Int
    /// When the last revision was recorded; 0 before the first.
    public var revisedUnixNano: Int64
    /// How long the last mending took.
    public var mendNanoseconds: Int64
    /// The version of the rules that the last revision was mended with.
    public var rulesVersion: String
    /// Spans of the last revision.
    public var spans: Int
    /// Reported traces of the last revision.
    public var traceIDs: [TraceID]
    /// In the last revision every parent had arrived, and a root too.
    public var isWhole: Bool

    /// Requests came since the last revision.
    public var isDirty: Bool { mendedThrough < lastRequest }

    /// The run was closed, and no revision has been recorded as settled since.
    public var awaitsClosing: Bool { state == .closed && !isSettled }

    /// The last revision holds all requests and was recorded as settled.
    public var isSettled: Bool
}

/// A revision as it is written down before sinks get it.
public struct RevisionRecord: Hashable, Sendable {
    public var run: RunKey
    /// `RunStatus.revision` plus one.
    public var number: Int
    /// `RunSources.throughRequest` of the sources that were mended.
    public var throughRequest: Int64
    public var isSettled: Bool
    /// Every parent has arrived, and a root too.
    public var isWhole: Bool
    public var recordedUnixNano: Int64
    public var mendNanoseconds: Int64
    public var rulesVersion: String
    public var spans: Int
    public var traceIDs: [TraceID]

    public init(
        run: RunKey, number: Int, throughRequest: Int64, isSettled: Bool, isWhole: Bool,
        recordedUnixNano: Int64, mendNanoseconds: Int64, rulesVersion: String, spans: Int,
        traceIDs: [TraceID]
    ) {
        self.run = run
        self.number = number
        self.throughRequest = throughRequest
        self.isSettled = isSettled
        self.isWhole = isWhole
        self.recordedUnixNano = recordedUnixNano
        self.mendNanoseconds = mendNanoseconds
        self.rulesVersion = rulesVersion
        self.spans = spans
        self.traceIDs = traceIDs
    }
}

/// Everything that has to be read to mend one run.
public struct RunSources: Hashable, Sendable {
    public var run: RunStatus
    /// The newest request that these sources take account of: goes into `RevisionRecord`.
    public var throughRequest: Int64
    /// In the order of arrival; a superset: spans of other runs have to be told apart by
    /// `RunAssignment`.
    public var requests: [StoredRequest]
    /// The other runs that share a trace with spans that name no run.
    public var neighbours: [RunKey]
}

/// A stored request without its body.
public struct StoredRequest: Hashable, Sendable {
    public var id: Int64
    public var receivedUnixNano: Int64
    public var kind: RequestKind
    public var mediaType: RequestMediaType
    public var encoding: RequestEncoding
    public var context: RequestContext
    public var spans: Int
    /// Bytes of the body as it is stored.
    public var bytes: Int
}
