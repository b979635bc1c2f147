/// One request body as it was received, and what is known of it.
public struct AcceptedRequest: Sendable {
    /// Nanoseconds since 1970-01-01 UTC, by the collector's clock.
    public var receivedUnixNano: Int64
    public var kind: RequestKind
    public var mediaType: RequestMediaType
    public var encoding: RequestEncoding
    public var context: RequestContext
    public var feeds: RequestFeeds
    /// The body, compressed if it came so.
    public var body: [UInt8]

    public init(
        receivedUnixNano: Int64, kind: RequestKind, mediaType: RequestMediaType,
        encoding: RequestEncoding, context: RequestContext, feeds: RequestFeeds, body: [UInt8]
    ) {
        self.receivedUnixNano = receivedUnixNano
        self.kind = kind
        self.mediaType = mediaType
        self.encoding = encoding
        self.context = context
        self.feeds = feeds
        self.body = body
    }
}

/// The signal that a request carries.
public enum RequestKind: String, Hashable, Sendable, CaseIterable {
    case traces
    case logs
}

/// How the message is written: `application/x-protobuf` or `application/json`.
public enum RequestMediaType: String, Hashable, Sendable, CaseIterable {
    case protobuf
    case json
}

/// The content coding of a body.
public enum RequestEncoding: String, Hashable, Sendable, CaseIterable {
    case identity
    case gzip
    case deflate
}
