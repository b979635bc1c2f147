/// Why a delivery failed, and whether it may succeed later.
public enum SinkError: Error, Sendable {
    /// Try again, not before the given time has passed if there is one.
    case retryable(reason: String, after: Duration?)
    /// The sink's address or credentials are wrong: no run can be delivered before somebody corrects
    /// that, here or at the peer. It is tried again, and told loudly.
    case misconfigured(reason: String)
    /// Trying this run again cannot help: it is parked for this sink.
    case permanent(reason: String)
}
