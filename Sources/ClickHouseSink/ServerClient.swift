import AsyncHTTPClient
import Compression
import Foundation
import NIOCore
import NIOHTTP1
import Sinks

/// Sends statements and rows to one ClickHouse server over its HTTP interface.
///
/// Source: https://clickhouse.com/docs/interfaces/http
struct ServerClient: Sendable {
    private let base: URLComponents
    /// For messages.
    private let address: String
    private let headers: HTTPHeaders
    private let isCompressed: Bool
    private let client: PeerClient

    init(_ configuration: ClickHouseSink.Configuration) throws(PeerClient.EndpointError) {
        guard var base = URLComponents(string: configuration.endpoint) else {
            throw PeerClient.EndpointError(endpoint: configuration.endpoint)
        }
        if base.path.isEmpty { base.path = "/" }
        self.base = base
        address = PeerClient.printable(base.string ?? configuration.endpoint)
        var headers = HTTPHeaders(configuration.headers.map { ($0.name, $0.value) })
        if let user = configuration.user {
            headers.replaceOrAdd(name: "x-clickhouse-user", value: user)
        }
        if let password = configuration.password {
            headers.replaceOrAdd(name: "x-clickhouse-key", value: password)
        }
        self.headers = headers
        isCompressed = configuration.isCompressed
        client = try PeerClient(
            endpoint: configuration.endpoint, timeout: configuration.timeout)
    }

    /// Runs a statement.
    /// - Returns: the whole answer.
    func run(_ sql: String) async throws(SinkError) -> [UInt8] {
        // The server waits until the query is over before it says 200, as far as its buffer goes.
        var request = request(["wait_end_of_query": "1"])
        request.body = .bytes(ByteBuffer(string: sql))
        let body = try await send(request)
        guard body.count < Self.maximumAnswerBytes else {
            throw .permanent(
                reason: "\(address): the answer exceeds \(Self.maximumAnswerBytes) bytes")
        }
        return body
    }

    /// Inserts rows; when this returns the server has written them.
    func insert(_ sql: String, rows: [UInt8]) async throws(SinkError) {
        var request = request([
            "query": sql, "async_insert": "1", "wait_for_async_insert": "1",
            "wait_end_of_query": "1",
            // Clocks that are wrong may spread a run over many days, each of which is a partition.
            "max_partitions_per_insert_block": "0",
        ])
        request.headers.replaceOrAdd(name: "content-type", value: "application/octet-stream")
        if isCompressed {
            request.headers.replaceOrAdd(name: "content-encoding", value: "gzip")
            request.body = .bytes(ByteBuffer(bytes: gzip(rows, level: 1)))
        } else {
            request.body = .bytes(ByteBuffer(bytes: rows))
        }
        let answer = try await send(request)
        guard answer.allSatisfy({ $0 == UInt8(ascii: "\n") }) else {
            let text = String(decoding: answer.prefix(200), as: UTF8.self)
            throw .retryable(
                reason: "\(address): an insert was answered with \(text.debugDescription)",
                after: nil)
        }
    }

    func shutdown() async throws {
        try await client.shutdown()
    }

    private static let maximumAnswerBytes = 256 << 20

    /// What the endpoint's query sets wins.
    private func request(_ settings: [String: String]) -> HTTPClientRequest {
        var url = base
        let given = Set((base.queryItems ?? []).map(\.name))
        let added = settings.sorted { $0.key < $1.key }.filter { !given.contains($0.key) }
            .map { URLQueryItem(name: $0.key, value: $0.value) }
        url.queryItems = (base.queryItems ?? []) + added
        // A plus is a space to ClickHouse, and URLComponents leaves it.
        url.percentEncodedQuery = url.percentEncodedQuery?.replacing("+", with: "%2B")
        var request = HTTPClientRequest(url: url.string ?? address)
        request.method = .POST
        request.headers = headers
        return request
    }

    private func send(_ request: HTTPClientRequest) async throws(SinkError) -> [UInt8] {
        let response = try await client.send(
            request, maximumAnswerBytes: Self.maximumAnswerBytes, address: address)
        // An exception may come behind a 200 and a part of the answer.
        if let error = ServerError(
            header: response.headers.first(name: "x-clickhouse-exception-code"),
            body: response.body)
        {
            throw error.sinkError
        }
        let text = String(decoding: response.body.prefix(500), as: UTF8.self)
            .split(whereSeparator: \.isNewline).joined(separator: " ")
        let reason = "\(address): HTTP \(response.status)\(text.isEmpty ? "" : ": \(text)")"
        switch response.status {
        case 200..<300: return response.body
        case 413: throw .permanent(reason: reason)
        case 408, 429, 500...:
            let field = response.headers.first(name: "retry-after")
            let now = Int64(Date().timeIntervalSince1970)
            throw .retryable(
                reason: reason, after: field.flatMap { RetryAfter($0, now: now)?.delay })
        default: throw .misconfigured(reason: reason)
        }
    }
}
