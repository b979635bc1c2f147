public import Collector
import HTTPTypes
public import Hummingbird
import Inbox
import NIOCore
import OTLP

/// Answers the API listener: everything of the ingest surface, the query API, readiness and
/// metrics.
public struct APIResponder: HTTPResponder {
    public typealias Context = BasicRequestContext

    let pipeline: Pipeline
    let ingest: IngestResponder
    private let tokens: AccessTokens
    let gateway: Gateway?

    public init(pipeline: Pipeline, token: Secret?) {
        self.init(pipeline: pipeline, token: token, gateway: nil)
    }

    /// - Parameter gateway: shut down by who made it.
    init(pipeline: Pipeline, token: Secret?, gateway: Gateway?) {
        self.pipeline = pipeline
        self.ingest = IngestResponder(pipeline: pipeline)
        tokens = AccessTokens(token.map { [$0] } ?? [])
        self.gateway = gateway
    }

    public func respond(to request: Request, context: Context) async throws -> Response {
        try await answer(request).answering(request)
    }

    private func answer(_ request: Request) async throws -> Response {
        guard isPublic(request) || !tokens.isEmpty || isForLoopback(request) else {
            return Response(
                .forbidden,
                json: [
                    "error": """
                    without api.token only requests to 127.0.0.1, localhost or [::1] are answered
                    """
                ])
        }
        guard isAuthorized(request) else {
            var response = Response(.unauthorized, json: ["error": "a bearer token is needed"])
            response.headers[.wwwAuthenticate] = "Bearer"
            return response
        }
        if let response = try await ingest.answer(request) { return response }
        if let response = try await gateway?.answer(request) { return response }
        guard let route = APIRoute(path: request.uri.path) else {
            return Response(.notFound, json: ["error": "no such path"])
        }
        guard route.methods.contains(request.method.rawValue) else {
            var response = Response(
                .methodNotAllowed, json: ["error": "the method is not for this path"])
            response.headers[.allow] = route.methods.joined(separator: ", ")
            return response
        }
        do {
            return try await answer(route, request)
        } catch let error as QueryError {
            return Response(error.status, json: ["error": .string("\(error)")])
        } catch {
            return Response(
                .serviceUnavailable, json: ["error": .string("the store cannot be read: \(error)")])
        }
    }

    /// Whether it answers everybody: probes have no token.
    private func isPublic(_ request: Request) -> Bool {
        request.uri.path == "/healthz" || request.uri.path == "/readyz"
    }

    /// A page in a browser may give its own name this machine's loopback address, and then read what
    /// needs no token; its requests still carry that name.
    private func isForLoopback(_ request: Request) -> Bool {
        guard var host = request.head.authority?.lowercased(), !host.isEmpty else { return true }
        if let colon = host.lastIndex(of: ":"), !host.hasSuffix("]"),
            host[host.index(after: colon)...].allSatisfy(\.isNumber)
        {
            host = String(host[..<colon])
        }
        return ["127.0.0.1", "localhost", "[::1]"].contains(host)
    }

    private func isAuthorized(_ request: Request) -> Bool {
        isPublic(request) || tokens.admit(request.headers[.authorization])
    }

    private func answer(_ route: APIRoute, _ request: Request) async throws -> Response {
        switch route {
        case .ready:
            let reason = await pipeline.unreadiness()
            return Response(
                plain: reason == nil ? .ok : .serviceUnavailable, (reason ?? "ready") + "\n")
        case .metrics:
            let text = try await pipeline.metricsText()
            var response = Response(plain: .ok, text)
            response.headers[.contentType] = "text/plain; version=0.0.4; charset=utf-8"
            return response
        case .runs:
            let limit = request.uri.queryParameters["limit"].flatMap { Int($0) } ?? 100
            guard (1...1000).contains(limit) else {
                return Response(
                    .badRequest, json: ["error": "limit: expected a number from 1 to 1000"])
            }
            let cursor = request.uri.queryParameters["cursor"].map(String.init)
            return Response(json: try await pipeline.queries.runs(limit: limit, after: cursor))
        case .deliveries: return Response(json: try await pipeline.deliveries.json())
        case .redeliver: return try await redeliver(request)
        case .close(let id):
            guard let run = RunKey(id: id) else { return unknown(id) }
            guard let wait = IngestHead.wait(inQuery: request.uri.query) else {
                return Response(IngestOutcome.unusableWait)
            }
            return Response(await pipeline.close(RunClosing(run: run, wait: wait)))
        case .run(let id, let reading):
            let format = request.uri.queryParameters["format"].map(String.init) ?? "json"
            guard format == "json" || format == "jsonl" else {
                return Response(.badRequest, json: ["error": "format: expected json or jsonl"])
            }
            let asLines = format == "jsonl"
            switch try await pipeline.queries.answer(id, reading, asLines: asLines) {
            case .json(let json): return Response(json: json)
            case .lines(let lines, let skipped): return Response(lines: lines, skipped: skipped)
            case .alias(let target):
                var response = Response(
                    .temporaryRedirect, json: ["run": .string(target)])
                response.headers[.location] =
                    APIRoute.run(target, reading).path + (asLines ? "?format=jsonl" : "")
                return response
            case .unknown: return unknown(id)
            }
        }
    }

    private func redeliver(_ request: Request) async throws -> Response {
        let sink = request.uri.queryParameters["sink"].map(String.init)
        let id = request.uri.queryParameters["run"].map(String.init)
        let run = id.flatMap { RunKey(id: $0) }
        if let id, run == nil { return unknown(id) }
        switch try await pipeline.deliveries.redeliver(sink: sink, run: run) {
        case .tried(let count): return Response(json: ["redelivered": .int(Int64(count))])
        case .unknownSink(let sinks):
            return Response(
                .notFound,
                json: ["error": .string("no sink \(sink ?? ""); there are \(sinks)")])
        }
    }

    private func unknown(_ id: String) -> Response {
        Response(.notFound, json: ["error": .string("no run \(id) is known here")])
    }
}

extension QueryError {
    fileprivate var status: HTTPResponse.Status {
        switch self {
        case .noArchive: .notFound
        case .malformedCursor: .badRequest
        case .unreadable: .serviceUnavailable
        }
    }
}
