/// Why a delivery failed, and whether it may succeed later.
public enum SinkError: Error, Sendable {
    /// Try again, not before the given time has passed if there is one.
    case retryable(reason: String, after: Duration?)
    /// Trying again cannot help: the run is parked for this sink.
    case permanent(reason: String)
}
