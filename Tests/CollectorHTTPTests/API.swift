import OTLP
import NIOCore
import Inbox
import HummingbirdTesting
import Hummingbird
import HTTPTypes
import Foundation
import Collector
import CollectorHTTP
import Testing

/// Asking the API surface; what is not answered with 200 is an issue.
enum API {
    /// The trace of `Export.json()`.
    static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    static func post(
        _ json: String, path: String = "/v1/traces", _ client: any TestClientProtocol
    ) async throws {
        let answer = try await client.executeRequest(
            uri: path, method: .post, headers: [.contentType: "application/json"],
            body: ByteBuffer(string: json))
        #expect(answer.status == .ok)
    }

    static func get(
        _ path: String, _ client: any TestClientProtocol
    ) async throws -> JSONValue {
        let answer = try await client.executeRequest(
            uri: path, method: .get, headers: [:], body: nil)
        #expect(answer.status == .ok, "\(path): \(String(buffer: answer.body))")
        return try JSONValue(parsing: Array(answer.body.readableBytesView))
    }

    static func close(
        _ run: String, _ client: any TestClientProtocol
    ) async throws -> JSONValue {
        let answer = try await client.executeRequest(
            uri: "/api/runs/\(run)/close?wait=20s", method: .post, headers: [:], body: nil)
        #expect(answer.status == .ok, "\(String(buffer: answer.body))")
        return try JSONValue(parsing: Array(answer.body.readableBytesView))
    }
}
