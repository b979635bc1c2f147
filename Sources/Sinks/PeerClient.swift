public import AsyncHTTPClient
import Foundation
import NIOCore
public import NIOHTTP1

/// Sends HTTP requests to the peer of one sink, with the limits that all sinks keep.
public struct PeerClient: Sendable {
    /// The address is not an absolute `http` or `https` URL with a host.
    public struct EndpointError: Error, CustomStringConvertible {
        public var endpoint: String

        public init(endpoint: String) {
            self.endpoint = endpoint
        }

        public var description: String {
            "\(PeerClient.printable(endpoint)) is not an http or https URL with a host"
        }
    }

    /// What came back.
    public struct Response: Sendable {
        public var status: Int
        public var headers: HTTPHeaders
        /// At most so many bytes as were asked for.
        public var body: [UInt8]
    }

    /// For one request, from connecting to the end of the answer.
    private let timeout: Duration
    private let client: HTTPClient

    /// The client holds connections until `shutdown()`.
    public init(endpoint: String, timeout: Duration) throws(EndpointError) {
        let url = URLComponents(string: endpoint)
        guard let scheme = url?.scheme?.lowercased(), ["http", "https"].contains(scheme),
            let host = url?.host, !host.isEmpty
        else { throw EndpointError(endpoint: endpoint) }
        self.timeout = timeout
        var options = HTTPClient.Configuration()
        // A redirect is another endpoint than the configured one: headers may hold credentials.
        options.redirectConfiguration = .disallow
        options.timeout.connect = .init(min(timeout, .seconds(10)))
        // Whether and when to try again is the caller's to say.
        options.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: options)
    }

    /// Sends a request, and reads its answer whatever the status is.
    /// - Parameters:
    ///   - maximumAnswerBytes: what is read of the answer's body: a peer's error page may be of any
    ///     length.
    ///   - address: what messages call the peer; nil for the request's URL.
    /// - Throws: `.retryable` where no answer came.
    public func send(
        _ request: HTTPClientRequest, maximumAnswerBytes: Int = 64 << 10, address: String? = nil
    ) async throws(SinkError) -> Response {
        do {
            let response = try await client.execute(request, timeout: .init(timeout))
            var body: [UInt8] = []
            for try await part in response.body {
                body.append(
                    contentsOf: part.readableBytesView.prefix(maximumAnswerBytes - body.count))
                if body.count >= maximumAnswerBytes { break }
            }
            return Response(
                status: Int(response.status.code), headers: response.headers, body: body)
        } catch {
            throw .retryable(
                reason: "\(address ?? Self.printable(request.url)): \(error)", after: nil)
        }
    }

    /// A URL as messages may show it: without user, password and query.
    public static func printable(_ url: String) -> String {
        guard var parts = URLComponents(string: url) else { return "the endpoint" }
        parts.user = nil
        parts.password = nil
        parts.query = nil
        return parts.string ?? "the endpoint"
    }

    /// Closes the connections; nothing is sent after it.
    public func shutdown() async throws {
        try await client.shutdown()
    }
}
