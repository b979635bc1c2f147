/// What breaks a trace on its way.
public enum DamageKind: String, CaseIterable, Sendable {
    /// Nothing broke, though clocks jump, children outlive their parents and some take no time.
    case none
    /// Spans exported twice, once before they were complete.
    case duplicates
    /// Spans that name themselves as parent.
    case selfParent = "self_parent"
    /// Spans whose ancestors lead back to them.
    case cycle
    /// Spans that were never exported, though their children were.
    case lostParent = "lost_parent"
    /// What was still open when the process died was never exported.
    case crash
    /// Calls of models, tools and HTTP whose context was lost: roots of traces of their own.
    case lostContext = "lost_context"
    /// Calls that a second library hung below the root.
    case flat
    /// The second library's span of a call beside the first one's, or in a trace of its own.
    case twins
    /// Workers whose context was not handed on.
    case workers
    /// The same, with clocks up to three seconds apart.
    case skewedWorkers = "skewed_workers"
    /// Servers whose context was not handed on.
    case requests
    /// The same, with clocks up to three seconds apart.
    case skewedRequests = "skewed_requests"
    /// Several of these at once.
    case mixed

    /// The programs in which such a damage can be.
    var programs: [Program] {
        switch self {
        case .workers, .skewedWorkers: [.sequentialWorkers, .parallelWorkers, .workerCrowd]
        case .requests, .skewedRequests: [.services, .busyServices]
        case .flat: [.sequence, .parallel, .crowd, .services]
        default: Program.allCases
        }
    }
}
