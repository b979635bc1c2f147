import AsyncHTTPClient
import Collector
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import OTLP
import Synchronization

/// Stands in front of a LightningStore: what it is asked goes on to the store, and what it answers
/// comes back, as it is.
///
/// Spans on their way to the store are there before a request that says that their attempt is over,
/// or that reads them, gets there. Bodies are streamed in both directions, so that none is held.
struct Gateway: Sendable {
    private let store: StoreGateway
    private let pipeline: Pipeline
    private let client: HTTPClient
    private let logger: Logger
    private let availability = Availability()

    /// Shorter than the 30 s after which Agent-lightning's client gives up.
    private static let deliveryWait = Duration.seconds(20)
    /// Long enough for the store's longest wait; a client that gives up sooner does so by itself.
    private static let answerWait = TimeAmount.hours(1)
    /// Of a body that has to be read first: an update or a search is small.
    private static let readBodyBytes = 4 << 20

    init(_ store: StoreGateway, pipeline: Pipeline, logger: Logger) {
        self.store = store
        self.pipeline = pipeline
        self.logger = logger
        var options = HTTPClient.Configuration()
        options.redirectConfiguration = .disallow
        options.timeout.connect = .seconds(5)
        options.connectionPool.retryConnectionEstablishment = false
        // Requests that wait in the store for something must not hold up the others.
        options.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: options)
    }

    /// Nil for paths that are not the store's.
    func answer(_ request: Request) async throws -> Response? {
        let parameters = request.uri.queryParameters
        guard
            let route = GatewayRoute(
                method: request.method.rawValue, path: request.uri.path,
                query: { parameters[Substring($0)].map(String.init) })
        else { return nil }
        let length = request.headers[.contentLength].flatMap { Int($0) }
        guard length ?? 0 <= store.bodyLimit else { return tooLarge(store.bodyLimit) }
        guard route.needsBody else {
            await deliver(route, body: [])
            return await forward(request, body: streamed(request, length: length))
        }
        var body: [UInt8] = []
        for try await part in request.body {
            body += part.readableBytesView
            guard body.count <= Self.readBodyBytes else { return tooLarge(Self.readBodyBytes) }
        }
        await deliver(route, body: body)
        return await forward(request, body: .bytes(ByteBuffer(bytes: body)))
    }

    func shutdown() async throws {
        try await client.shutdown()
    }

    /// Brings the store what the request is about. Where that fails the request goes on: the store
    /// gets the spans later, and its own interface must not hang on them.
    private func deliver(_ route: GatewayRoute, body: [UInt8]) async {
        guard let runs = route.runsToDeliver(body: body) else { return }
        do {
            let missing = try await pipeline.deliver(
                to: store, rollout: runs.rollout, attempt: runs.attempt, wait: Self.deliveryWait)
            if let missing {
                logger.warning(
                    "a request went on to the store before the store had all spans",
                    metadata: ["rollout": "\(runs.rollout)", "reason": "\(missing)"])
            }
        } catch {
            logger.error(
                "a request went on to the store, but its spans were not looked up",
                metadata: ["rollout": "\(runs.rollout)", "reason": "\(error)"])
        }
    }

    private func streamed(_ request: Request, length: Int?) -> HTTPClientRequest.Body? {
        let hasBody = length ?? 0 > 0 || request.headers[.transferEncoding] != nil
        guard hasBody else { return nil }
        return .stream(
            LimitedBody(body: request.body, limit: store.bodyLimit),
            length: length.map { .known(Int64($0)) } ?? .unknown)
    }

    private func forward(_ request: Request, body: HTTPClientRequest.Body?) async -> Response {
        var onward = HTTPClientRequest(url: store.url + request.uri.string)
        onward.method = HTTPMethod(rawValue: request.method.rawValue)
        onward.headers = onwardHeaders(of: request)
        onward.body = body
        do {
            let answer = try await client.execute(onward, timeout: Self.answerWait)
            if availability.isBack() {
                logger.notice("the store answers again", metadata: ["url": "\(store.url)"])
            }
            return response(answer, isHead: request.method == .head)
        } catch is BodyTooLarge {
            return tooLarge(store.bodyLimit)
        } catch let error as HTTPClientError where error == .deadlineExceeded {
            return failed(.gatewayTimeout, "the store at \(store.url) has not answered in an hour")
        } catch {
            // Clients ask again and again; once is enough to tell.
            logger.log(
                level: availability.isLost() ? .warning : .debug, "the store does not answer",
                metadata: ["url": "\(store.url)", "reason": "\(error)"])
            return failed(.badGateway, "the store at \(store.url) does not answer: \(error)")
        }
    }

    private func onwardHeaders(of request: Request) -> HTTPHeaders {
        var dropped = HopByHop.fields(connection: request.headers[values: .connection])
        // The client sets these for the store itself; the token was for the collector.
        dropped.formUnion(["host", "content-length", "expect", "authorization"])
        var headers = HTTPHeaders()
        for field in request.headers where !dropped.contains(field.name.canonicalName) {
            headers.add(name: field.name.rawName, value: field.value)
        }
        for (name, value) in store.headers { headers.replaceOrAdd(name: name, value: value) }
        headers.add(name: "via", value: "1.1 tracemend")
        return headers
    }

    private func response(_ answer: HTTPClientResponse, isHead: Bool) -> Response {
        let dropped = HopByHop.fields(
            connection: answer.headers[canonicalForm: "connection"].map(String.init))
        var fields = HTTPFields()
        for (name, value) in answer.headers where !dropped.contains(name.lowercased()) {
            if let name = HTTPField.Name(name) {
                fields.append(HTTPField(name: name, value: value))
            }
        }
        let length = answer.headers.first(name: "content-length").flatMap { Int($0) }
        let status = HTTPResponse.Status(code: Int(answer.status.code))
        fields[.contentLength] = nil
        let body = ResponseBody(contentLength: isHead ? nil : length) { writer in
            for try await part in answer.body { try await writer.write(part) }
            try await writer.finish(nil)
        }
        return Response(status: status, headers: fields, body: body)
    }

    private func tooLarge(_ limit: Int) -> Response {
        failed(.contentTooLarge, "the body exceeds \(limit) bytes")
    }

    private func failed(_ status: HTTPResponse.Status, _ message: String) -> Response {
        Response(status, json: ["error": .string(message)])
    }
}

/// A request's body that ends with an error where it exceeds a limit.
private struct LimitedBody: AsyncSequence, Sendable {
    let body: RequestBody
    let limit: Int

    struct AsyncIterator: AsyncIteratorProtocol {
        var parts: RequestBody.AsyncIterator
        var left: Int

        mutating func next() async throws -> ByteBuffer? {
            guard let part = try await parts.next() else { return nil }
            left -= part.readableBytes
            guard left >= 0 else { throw BodyTooLarge() }
            return part
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(parts: body.makeAsyncIterator(), left: limit)
    }
}

private struct BodyTooLarge: Error {}

/// Whether the store answered the last request, so that changes are told and nothing else.
private final class Availability: Sendable {
    private let isAway = Mutex(false)

    /// It answered. Returns whether it did not before.
    func isBack() -> Bool {
        isAway.withLock { away in
            defer { away = false }; return away
        }
    }
    /// It did not answer. Returns whether it did before.
    func isLost() -> Bool {
        isAway.withLock { away in
            defer { away = true }; return !away
        }
    }
}
