import OTLP

/// The head of a request as any HTTP server can give it.
public struct IngestHead: Sendable {
    /// In upper case.
    public var method: String
    /// The path as it came, percent-encoded, without the query.
    public var path: String
    /// What follows the path's `?`.
    public var query: String?
    public var mediaType: String?
    public var contentEncoding: String?
    /// Bytes of the body, where the client told them.
    public var contentLength: Int?
    /// `x-rollout-id` and `x-attempt-id`.
    public var rolloutID: String?
    public var attemptID: String?
    public var userAgent: String?

    public init(
        method: String, path: String, query: String? = nil, mediaType: String? = nil,
        contentEncoding: String? = nil,
        contentLength: Int? = nil, rolloutID: String? = nil, attemptID: String? = nil,
        userAgent: String? = nil
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.mediaType = mediaType
        self.contentEncoding = contentEncoding
        self.contentLength = contentLength
        self.rolloutID = rolloutID
        self.attemptID = attemptID
        self.userAgent = userAgent
    }
}

/// What a request is answered with.
public struct IngestOutcome: Hashable, Sendable {
    public var status: Int
    /// The exact `Content-Type`; nil where there is no body to speak of.
    public var mediaType: String?
    /// Other headers.
    public var headers: [String: String]
    public var body: [UInt8]

    public init(
        status: Int, mediaType: String? = nil, headers: [String: String] = [:], body: [UInt8] = []
    ) {
        self.status = status
        self.mediaType = mediaType
        self.headers = headers
        self.body = body
    }
}

extension BodyFormat {
    /// Reads a `Content-Type`: type and subtype only, in any case, parameters ignored.
    init?(contentType: String?) {
        guard let contentType else { return nil }
        let bare = contentType.prefix { $0 != ";" }.trimmed.lowercased()
        switch bare {
        case "application/x-protobuf", "application/protobuf": self = .protobuf
        case "application/json": self = .json
        default: return nil
        }
    }
}
