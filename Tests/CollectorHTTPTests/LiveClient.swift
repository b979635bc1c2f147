import AsyncHTTPClient
import HTTPTypes
import NIOCore
import NIOHTTP1

/// Asks a listener over a socket, as exporters do.
struct LiveClient: Sendable {
    struct Answer: Sendable {
        var status: Int
        var headers: HTTPFields
        var text: String
    }

    private let client: HTTPClient
    private let port: Int

    static func with<Value: Sendable>(
        port: Int, _ body: (LiveClient) async throws -> Value
    ) async throws -> Value {
        let client = HTTPClient(eventLoopGroupProvider: .singleton)
        do {
            let value = try await body(LiveClient(client: client, port: port))
            try await client.shutdown()
            return value
        } catch {
            try await client.shutdown()
            throw error
        }
    }

    func ask(
        _ path: String, method: HTTPRequest.Method = .post, headers: [String: String] = [:],
        body: ByteBuffer = ByteBuffer()
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = HTTPMethod(rawValue: method.rawValue)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if body.readableBytes > 0 { request.body = .bytes(body) }
        let response = try await client.execute(request, timeout: .seconds(60))
        let content = try await response.body.collect(upTo: 1 << 20)
        var fields = HTTPFields()
        for (name, value) in response.headers {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        return Answer(
            status: Int(response.status.code), headers: fields, text: String(buffer: content))
    }
}
