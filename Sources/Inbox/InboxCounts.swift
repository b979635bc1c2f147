/// The Inbox in numbers, for metrics and for admission.
public struct InboxCounts: Hashable, Sendable {
    /// Requests whose bodies are kept, and their bytes.
    public var requests = 0
    public var bytes = 0
    /// Of these, what some sink has not got.
    public var undeliveredRequests = 0
    public var undeliveredBytes = 0
    /// When the oldest of them was received; nil when there is none.
    public var oldestUndeliveredUnixNano: Int64?
    /// Pairs of a run and a configured sink that were given up.
    public var parked = 0
    /// Transactions since the Inbox was opened: requests that wait together share one.
    public var commits = 0

    public init() {}
}

/// What a pruning did.
public struct PruneReport: Hashable, Sendable {
    public var requests = 0
    public var bytes = 0
    /// Runs that were forgotten altogether.
    public var runs = 0

    public init() {}
}
