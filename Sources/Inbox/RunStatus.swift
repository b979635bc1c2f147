public import OTLP

/// What the Inbox knows of one run.
public struct RunStatus: Hashable, Sendable {
    public enum State: String, Hashable, Sendable {
        /// More spans are expected.
        case open
        /// A revision that holds all of the run's own requests was recorded as settled.
        case settled
        /// Somebody closed the run, and no request of its own came since.
        case closed
    }

    public var key: RunKey
    /// Pages lists of runs: later runs have greater ones.
    public var cursor: Int64
    public var state: State
    /// By the collector's clock. `lastReceived` counts the run's own requests alone.
    public var firstReceivedUnixNano: Int64
    public var lastReceivedUnixNano: Int64
    /// The newest request that can change the run's result: one of its own, or of a run that it
    /// shares a trace with.
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

    /// The run was closed, and no revision of what there was then has been recorded as settled.
    public var awaitsClosing: Bool {
        state == .closed && (!isSettled || mendedThrough < closedThrough)
    }

    /// A revision that holds all of the run's own requests was recorded as settled. It may be dirty
    /// for what a neighbour in a shared trace got; it stays settled all the same.
    public var isSettled: Bool

    public init(
        key: RunKey, cursor: Int64, state: State, firstReceivedUnixNano: Int64,
        lastReceivedUnixNano: Int64, lastRequest: Int64, mendedThrough: Int64 = 0,
        closedThrough: Int64 = 0, prunedThrough: Int64 = 0, revision: Int = 0,
        revisedUnixNano: Int64 = 0, mendNanoseconds: Int64 = 0, rulesVersion: String = "",
        spans: Int = 0, traceIDs: [TraceID] = [], isWhole: Bool = false, isSettled: Bool = false
    ) {
        self.key = key
        self.cursor = cursor
        self.state = state
        self.firstReceivedUnixNano = firstReceivedUnixNano
        self.lastReceivedUnixNano = lastReceivedUnixNano
        self.lastRequest = lastRequest
        self.mendedThrough = mendedThrough
        self.closedThrough = closedThrough
        self.prunedThrough = prunedThrough
        self.revision = revision
        self.revisedUnixNano = revisedUnixNano
        self.mendNanoseconds = mendNanoseconds
        self.rulesVersion = rulesVersion
        self.spans = spans
        self.traceIDs = traceIDs
        self.isWhole = isWhole
        self.isSettled = isSettled
    }

    /// When a dirty run is to be mended: a second, or ten times the last mending, after the last
    /// revision; the first a second after the first request.
    public var revisionDueUnixNano: Int64 {
        let (tenfold, isHuge) = mendNanoseconds.multipliedReportingOverflow(by: 10)
        let pause = isHuge ? .max : max(1_000_000_000, tenfold)
        let start = revision == 0 ? firstReceivedUnixNano : revisedUnixNano
        let (due, isNever) = start.addingReportingOverflow(pause)
        return isNever ? .max : due
    }
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

    public init(
        id: Int64, receivedUnixNano: Int64, kind: RequestKind, mediaType: RequestMediaType,
        encoding: RequestEncoding, context: RequestContext, spans: Int, bytes: Int
    ) {
        self.id = id
        self.receivedUnixNano = receivedUnixNano
        self.kind = kind
        self.mediaType = mediaType
        self.encoding = encoding
        self.context = context
        self.spans = spans
        self.bytes = bytes
    }
}
