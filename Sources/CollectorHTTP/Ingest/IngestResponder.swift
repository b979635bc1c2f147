public import Collector
import HTTPTypes
public import Hummingbird
import Inbox
import NIOCore
import OTLP

/// Answers on the API listener what both listeners take: OTLP, close, and the health check.
///
/// A thin skin: what is accepted, refused or kept is decided by `Receiver`, which knows no HTTP
/// server.
public struct IngestResponder: HTTPResponder {
    public typealias Context = BasicRequestContext

    let pipeline: Pipeline

    public init(pipeline: Pipeline) {
        self.pipeline = pipeline
    }

    public func respond(to request: Request, context: Context) async throws -> Response {
        let response = try await answer(request) ?? Response(pipeline.receiver.unknownPath(nil))
        return response.answering(request)
    }

    /// Nil for paths that are none of the ingest surface.
    func answer(_ request: Request) async throws -> Response? {
        let head = IngestHead(
            method: request.method.rawValue, path: request.uri.path, query: request.uri.query,
            mediaType: request.headers[.contentType],
            contentEncoding: request.headers[.contentEncoding],
            contentLength: request.headers[.contentLength].flatMap { Int($0) },
            rolloutID: request.headers[.rolloutID], attemptID: request.headers[.attemptID],
            userAgent: request.headers[.userAgent])
        switch pipeline.receiver.step(for: head) {
        case nil: return nil
        case .answer(let outcome): return Response(outcome)
        case .close(let run, let wait):
            return Response(await pipeline.close(RunClosing(run: run, wait: wait)))
        case .read(let exchange):
            for try await buffer in request.body {
                if let refused = exchange.append(buffer.readableBytesView) {
                    return Response(refused)
                }
            }
            return Response(await exchange.finish())
        }
    }
}

extension HTTPField.Name {
    /// A header name, checked at the one place where each is written.
    private static func named(_ name: String) -> HTTPField.Name {
        guard let field = HTTPField.Name(name) else {
            preconditionFailure("\(name) is not a header name")
        }
        return field
    }

    static let rolloutID = named("x-rollout-id")
    static let attemptID = named("x-attempt-id")
}

extension Response {
    /// The response without its body where the request is HEAD, of whatever status: a client reads
    /// the next answer of the connection right behind the head.
    func answering(_ request: Request) -> Response {
        request.method == .head ? createHeadResponse() : self
    }

    init(_ outcome: IngestOutcome) {
        var headers = HTTPFields()
        if let mediaType = outcome.mediaType { headers[.contentType] = mediaType }
        for (name, value) in outcome.headers {
            if let field = HTTPField.Name(name) { headers[field] = value }
        }
        self.init(
            status: .init(code: outcome.status), headers: headers,
            body: .init(byteBuffer: ByteBuffer(bytes: outcome.body)))
    }

    init(plain status: HTTPResponse.Status, _ text: String) {
        self.init(
            status: status, headers: [.contentType: "text/plain; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    init(_ status: HTTPResponse.Status = .ok, json: JSONValue) {
        self.init(status, json: json.serialized())
    }

    /// - Parameters:
    ///   - lines: JSON Lines as UTF-8.
    ///   - skipped: how many spans they leave out; told in a header, as a line is one element.
    init(lines: [UInt8], skipped: Int) {
        var headers: HTTPFields = [.contentType: "application/jsonl"]
        if let name = HTTPField.Name("Tracemend-Skipped") { headers[name] = "\(skipped)" }
        self.init(
            status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: lines)))
    }

    /// - Parameter json: a JSON text as UTF-8.
    init(_ status: HTTPResponse.Status = .ok, json: [UInt8]) {
        self.init(
            status: status, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: json)))
    }
}
