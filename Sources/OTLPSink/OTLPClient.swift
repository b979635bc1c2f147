import AsyncHTTPClient
import Compression
import NIOCore
import NIOHTTP1
public import Sinks

/// Posts export requests to one OTLP/HTTP endpoint; shared by the sinks that speak OTLP.
///
/// Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp
public struct OTLPClient: Sendable {
    public struct Configuration: Sendable {
        /// The whole URL of the traces route, such as `http://localhost:4318/v1/traces`.
        public var endpoint: String
        /// Sent with every request, in order; names may repeat.
        public var headers: [(name: String, value: String)]
        public var compression: RequestCompression
        /// For one request, from connecting to the end of the answer.
        public var timeout: Duration

        public init(
            endpoint: String, headers: [(name: String, value: String)] = [],
            compression: RequestCompression = .gzip, timeout: Duration = .seconds(30)
        ) {
            self.endpoint = endpoint
            self.headers = headers
            self.compression = compression
            self.timeout = timeout
        }
    }

    public enum RequestCompression: String, Sendable {
        case gzip
        case none
    }

    public typealias EndpointError = PeerClient.EndpointError

    private let configuration: Configuration
    private let client: PeerClient

    /// The client holds connections until `shutdown()`.
    public init(_ configuration: Configuration) throws(EndpointError) {
        self.configuration = configuration
        client = try PeerClient(
            endpoint: configuration.endpoint, timeout: configuration.timeout)
    }

    /// Posts one `ExportTraceServiceRequest`.
    /// - Throws: `.retryable` where no answer came.
    public func post(_ body: [UInt8]) async throws(SinkError) -> Answer {
        var request = HTTPClientRequest(url: configuration.endpoint)
        request.method = .POST
        for header in configuration.headers {
            request.headers.add(name: header.name, value: header.value)
        }
        request.headers.replaceOrAdd(name: "content-type", value: "application/x-protobuf")
        switch configuration.compression {
        case .none: request.body = .bytes(ByteBuffer(bytes: body))
        case .gzip:
            request.headers.replaceOrAdd(name: "content-encoding", value: "gzip")
            request.body = .bytes(ByteBuffer(bytes: gzip(body, level: 1)))
        }
        return try await execute(request)
    }

    /// Gets a URL, or posts JSON to it, with the configured headers. A get is tried twice.
    /// - Parameters:
    ///   - json: what to post; nil to get.
    ///   - maximumAnswerBytes: what is read of the answer's body.
    /// - Throws: `.retryable` where no answer came.
    public func ask(
        _ url: String, json: [UInt8]? = nil, maximumAnswerBytes: Int = 64 << 10
    ) async throws(SinkError) -> Answer {
        var request = HTTPClientRequest(url: url)
        for header in configuration.headers {
            request.headers.add(name: header.name, value: header.value)
        }
        if let json {
            request.method = .POST
            request.headers.replaceOrAdd(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: json))
        }
        do {
            return try await execute(request, maximumAnswerBytes: maximumAnswerBytes)
        } catch {
            // Some servers close a connection after a 500 without saying so, and then the next
            // request on it is lost. One that only reads may be sent again at once.
            guard json == nil else { throw error }
            return try await execute(request, maximumAnswerBytes: maximumAnswerBytes)
        }
    }

    /// Closes the connections; nothing is sent after it.
    public func shutdown() async throws {
        try await client.shutdown()
    }

    private func execute(
        _ request: HTTPClientRequest, maximumAnswerBytes: Int = 64 << 10
    ) async throws(SinkError) -> Answer {
        let response = try await client.send(request, maximumAnswerBytes: maximumAnswerBytes)
        return Answer(
            status: response.status,
            contentType: response.headers.first(name: "content-type") ?? "",
            retryAfter: response.headers.first(name: "retry-after"), body: response.body)
    }
}
