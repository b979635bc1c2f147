public import Mending

/// One state of one run, as a sink gets it.
public struct Revision: Sendable {
    /// The run's id, as the query API shows it: `rollout/attempt` with each part percent-encoded,
    /// or 32 hexadecimal digits of a trace id.
    public var runID: String
    public var rolloutID: String?
    public var attemptID: String?
    /// Counts from 1 for each run.
    public var number: Int
    /// No more spans are expected.
    public var isSettled: Bool
    public var run: MendedRun

    public init(
        runID: String, rolloutID: String?, attemptID: String?, number: Int, isSettled: Bool,
        run: MendedRun
    ) {
        self.runID = runID
        self.rolloutID = rolloutID
        self.attemptID = attemptID
        self.number = number
        self.isSettled = isSettled
        self.run = run
    }
}

/// Why a delivery failed, and whether it may succeed later.
public enum SinkError: Error, Sendable {
    /// Try again, not before the given time has passed if there is one.
    case retryable(reason: String, after: Duration?)
    /// Trying again cannot help: the run is parked for this sink.
    case permanent(reason: String)
}

/// A place where mended runs are delivered.
public protocol TraceSink: Sendable {
    /// The name in configuration, metrics and messages; unique among the sinks of a collector.
    var name: String { get }

    /// How the sink takes later revisions of a run that it has.
    var mode: SinkMode { get }

    /// Delivers a revision. Idempotent: the same revision may come again after a crash.
    ///
    /// A replacing sink gets the whole run. An appending sink gets the spans that it has not got.
    func deliver(_ revision: Revision) async throws(SinkError)

    /// Releases what the sink holds; nothing is delivered after it.
    func close() async throws
}

public enum SinkMode: Hashable, Sendable {
    /// Every revision replaces the one before.
    case replacing
    /// What was delivered stays; a run comes when it is settled, later only its new spans.
    case appending
}
