import ArgumentParser
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import OTLP

/// Where a running collector's API listens.
struct CollectorAddress: ParsableArguments {
    @Option(help: "The API listener of a running collector (or TRACEMEND_URL).")
    var url: String =
        ProcessInfo.processInfo.environment["TRACEMEND_URL"] ?? "http://127.0.0.1:4320"

    @Option(help: "The API's bearer token (or TRACEMEND_API_TOKEN).")
    var token: String?

    /// One request, its answer's status and body.
    func fetch(
        _ method: String = "GET", _ path: String, timeout: Duration = .seconds(60)
    ) async throws -> (status: Int, body: [UInt8]) {
        let answer = try await ask(method, path, timeout: timeout)
        return (answer.status, answer.body)
    }

    /// One request, its answer with headers.
    func ask(
        _ method: String = "GET", _ path: String, timeout: Duration = .seconds(60)
    ) async throws -> HTTPAnswer {
        var headers: [String: String] = [:]
        let token = token ?? ProcessInfo.processInfo.environment["TRACEMEND_API_TOKEN"]
        if let token { headers["Authorization"] = "Bearer \(token)" }
        let base = url.hasSuffix("/") ? String(url.dropLast()) : url
        return try await exchange(method, base + path, headers: headers, timeout: timeout)
    }

    /// The JSON of a successful answer; any other is a failure with what the collector says.
    func json(_ path: String) async throws -> JSONValue {
        let (status, body) = try await fetch("GET", path)
        let json = try? JSONValue(parsing: body)
        guard status == 200, let json else {
            throw Failure("\(url): \(json?["error"]?.string ?? "answered \(status)")")
        }
        return json
    }
}

/// Sends one HTTP request, and waits for its whole answer.
func request(
    _ method: String, _ url: String, headers: [String: String] = [:], body: [UInt8]? = nil,
    timeout: Duration
) async throws -> (status: Int, body: [UInt8]) {
    let answer = try await exchange(method, url, headers: headers, body: body, timeout: timeout)
    return (answer.status, answer.body)
}

/// What a server answered.
struct HTTPAnswer {
    var status: Int
    /// By lower-case name.
    var headers: [String: String]
    var body: [UInt8]
}

private func exchange(
    _ method: String, _ url: String, headers: [String: String] = [:], body: [UInt8]? = nil,
    timeout: Duration
) async throws -> HTTPAnswer {
    var request = HTTPClientRequest(url: url)
    request.method = .init(rawValue: method)
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    if let body { request.body = .bytes(body) }
    do {
        let response = try await HTTPClient.shared.execute(request, timeout: TimeAmount(timeout))
        let content = try await response.body.collect(upTo: 1 << 30)
        let fields = response.headers.map { ($0.name.lowercased(), $0.value) }
        return HTTPAnswer(
            status: Int(response.status.code),
            headers: Dictionary(fields, uniquingKeysWith: { $1 }),
            body: Array(content.readableBytesView))
    } catch {
        throw Failure("\(url): no answer: \(error)")
    }
}
