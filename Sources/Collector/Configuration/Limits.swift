/// Every bound that the collector puts on what it takes, with its reason.
public struct Limits: Hashable, Sendable {
    /// Bytes of a request body, before inflating and after. Prompts are long; a batch of 512 spans
    /// with full conversations takes tens of MiB.
    public var bodyBytes = 64 << 20
    /// Bytes of request bodies that are read or wait for their commit at one time. It bounds the
    /// memory of ingest; beyond it requests get 503.
    public var bytesInFlight = 128 << 20
    /// Resources, scopes, spans, events, attributes and elements of nested values in a request;
    /// see `DecodingLimits.maximumNodes`. Each takes up to 64 bytes while the request is decoded, so
    /// half of what the codec allows keeps the largest body within a quarter of a GiB.
    public var nodes = 1 << 20
    /// Bytes that the requests being inflated and decoded may take together; larger ones are
    /// decoded alone.
    public var decodingBytes = 96 << 20
    /// Open connections of the ingest listener. One takes about 20 KiB.
    public var connections = 4096
    /// Seconds from the first byte of a request to the end of its head.
    public var headTimeout = Duration.seconds(15)
    /// Seconds in which 64 KiB of a body, or its rest, must come.
    public var bodyTimeout = Duration.seconds(30)
    /// Seconds from the end of a request's head to the end of its body: what it holds of the room
    /// for requests comes free then.
    public var requestTimeout = Duration.seconds(300)
    /// Seconds that a connection may stay open without a request.
    public var idleTimeout = Duration.seconds(75)
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
