/// Something that a sink's peer said about a delivery that succeeded.
public struct SinkWarning: Hashable, Sendable {
    /// The name of the sink.
    public var sink: String
    public var runID: String
    /// Spans that the peer refused and that are not sent again.
    public var rejectedSpans: Int64
    /// In the peer's words, or what the sink left out.
    public var message: String

    public init(sink: String, runID: String, rejectedSpans: Int64 = 0, message: String) {
        self.sink = sink
        self.runID = runID
        self.rejectedSpans = rejectedSpans
        self.message = message
    }
}
