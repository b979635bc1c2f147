import AsyncHTTPClient
import Compression
import Foundation
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

    /// The endpoint is not an absolute `http` or `https` URL with a host.
    public struct EndpointError: Error, CustomStringConvertible {
        public var endpoint: String
        public var description: String { "\(endpoint) is not an http or https URL with a host" }
    }

    private let configuration: Configuration
    private let client: HTTPClient

    /// The client holds connections until `shutdown()`.
    public init(_ configuration: Configuration) throws(EndpointError) {
        let url = URLComponents(string: configuration.endpoint)
        guard let scheme = url?.scheme?.lowercased(), ["http", "https"].contains(scheme),
            let host = url?.host, !host.isEmpty
        else { throw EndpointError(endpoint: configuration.endpoint) }
        self.configuration = configuration
        var options = HTTPClient.Configuration()
        // A redirect is another endpoint than the configured one: headers may hold credentials.
        options.redirectConfiguration = .disallow
        options.timeout.connect = .init(min(configuration.timeout, .seconds(10)))
        // Whether and when to try again is the caller's to say.
        options.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: options)
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

    /// What is read of an answer: a peer's error page may be of any length.
    private static let maximumAnswerBytes = 64 << 10

    private func execute(
        _ request: HTTPClientRequest, maximumAnswerBytes: Int = Self.maximumAnswerBytes
    ) async throws(SinkError) -> Answer {
        do {
            let response = try await client.execute(request, timeout: .init(configuration.timeout))
            var body: [UInt8] = []
            for try await part in response.body {
                body.append(
                    contentsOf: part.readableBytesView.prefix(maximumAnswerBytes - body.count))
                if body.count >= maximumAnswerBytes { break }
            }
            return Answer(
                status: Int(response.status.code),
                contentType: response.headers.first(name: "content-type") ?? "",
                retryAfter: response.headers.first(name: "retry-after"), body: body)
        } catch {
            throw .retryable(reason: "\(request.url): \(error)", after: nil)
        }
    }
}
