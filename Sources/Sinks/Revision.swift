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
