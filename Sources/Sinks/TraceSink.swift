/// A place where mended runs are delivered.
public protocol TraceSink: Sendable {
    /// The name in configuration, metrics and messages; unique among the sinks of a collector.
    var name: String { get }

    /// How the sink takes later revisions of a run that it has.
    var mode: SinkMode { get }

    /// Whether a run comes only when no more spans of it are expected; else every revision comes.
    var takesSettledOnly: Bool { get }

    /// Whether a span that was given with one run may be given with another as well: true where the
    /// peer knows spans by their run, so that each run must be complete by itself.
    var keepsRunsApart: Bool { get }

    /// Whether the sink takes this run at all; where not, the run counts as delivered and nothing of
    /// it is remembered as sent.
    func wants(_ revision: Revision) -> Bool

    /// Delivers a revision. Idempotent: the same revision may come again after a crash.
    ///
    /// A replacing sink gets the whole run. An appending sink gets the spans that it has not got.
    func deliver(_ revision: Revision) async throws(SinkError)

    /// Releases what the sink holds; nothing is delivered after it.
    func close() async throws
}

extension TraceSink {
    public var keepsRunsApart: Bool { false }
    /// What was appended cannot be taken back, so there a run comes when it is whole.
    public var takesSettledOnly: Bool { mode == .appending }
    public func wants(_ revision: Revision) -> Bool { true }
}

public enum SinkMode: Hashable, Sendable {
    /// Every revision replaces the one before.
    case replacing
    /// What was delivered stays; a run comes when it is settled, later only its new spans.
    case appending
}
