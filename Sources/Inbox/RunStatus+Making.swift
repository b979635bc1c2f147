extension RunStatus {
    /// A run as it would be read, for rules that are asked about runs which no file holds.
    public init(
        key: RunKey, state: State, firstReceivedUnixNano: Int64, lastReceivedUnixNano: Int64,
        lastRequest: Int64, mendedThrough: Int64, revision: Int, revisedUnixNano: Int64,
        mendNanoseconds: Int64, isWhole: Bool, isSettled: Bool
    ) {
        self.init(
            key: key, cursor: 0, state: state, firstReceivedUnixNano: firstReceivedUnixNano,
            lastReceivedUnixNano: lastReceivedUnixNano, lastRequest: lastRequest,
            mendedThrough: mendedThrough, closedThrough: state == .closed ? lastRequest : 0,
            prunedThrough: 0, revision: revision, revisedUnixNano: revisedUnixNano,
            mendNanoseconds: mendNanoseconds, rulesVersion: "", spans: 0, traceIDs: [],
            isWhole: isWhole, isSettled: isSettled)
    }
}
