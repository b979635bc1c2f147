/// Every bound that the collector puts on what it takes, with its reason.
public struct Limits: Hashable, Sendable {
    /// Bytes of a request body, before inflating and after. Prompts are long; a batch of 512 spans
    /// with full conversations takes tens of MiB.
    public var bodyBytes = 64 << 20
    /// Bytes of request bodies that are read or wait for their commit at one time. It bounds the
    /// memory of ingest; beyond it requests get 503.
    public var bytesInFlight = 128 << 20
    /// Bytes of a run's requests, as stored and as decoded, that are mended. Mending holds all of a
    /// run in memory; what came beyond it is left out, and told in the run's notes.
    public var runBytes = 1 << 30
    /// Spans of a run that are repaired. Beyond it they are kept and normalised only.
    public var repairedSpansPerRun = 200_000
    /// Bytes of decoded requests that mending keeps at hand.
    public var decodedCacheBytes = 64 << 20
    /// Bytes of mended runs that wait for slower sinks before they are mended anew.
    public var mendedCacheBytes = 64 << 20
    /// Seconds that a refused client is asked to wait.
    public var retryAfterSeconds = 1

    public init() {}
}
