import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server on a free port of 127.0.0.1 that keeps what it gets and answers by a script.
final class ScriptedServer: Sendable {
    struct Request: Sendable {
        var method: String
        var path: String
        var headers: HTTPHeaders
        var body: [UInt8]
    }

    enum Step: Sendable {
        case answer(Int, headers: [(String, String)] = [], body: [UInt8] = [])
        /// The request is read, and no answer ever comes.
        case silence
        /// The request is read, and the connection closes.
        case hangUp
    }

    private let log = Mutex<[Request]>([])
    private let script: Mutex<[Step]>
    private let rest: @Sendable (Request) -> Step
    private let channel: any Channel

    var requests: [Request] { log.withLock { $0 } }
    var port: Int { channel.localAddress?.port ?? 0 }
    var url: String { "http://127.0.0.1:\(port)" }

    private init(
        _ script: [Step], rest: @escaping @Sendable (Request) -> Step
    ) async throws {
        let shared = Shared()
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Exchange(shared))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.script = Mutex(script)
        self.rest = rest
        shared.server.withLock { $0 = self }
    }

    /// Runs a server while the body runs. When the script is over, requests get `rest`.
    static func run<Value>(
        _ script: [Step], rest: Step = .answer(200), _ body: (ScriptedServer) async throws -> Value
    ) async throws -> Value {
        try await run(ScriptedServer(script, rest: { _ in rest }), body)
    }

    /// Runs a server that answers each request as it is told while the body runs.
    static func run<Value>(
        answering answer: @escaping @Sendable (Request) -> Step,
        _ body: (ScriptedServer) async throws -> Value
    ) async throws -> Value {
        try await run(ScriptedServer([], rest: answer), body)
    }

    private static func run<Value>(
        _ server: ScriptedServer, _ body: (ScriptedServer) async throws -> Value
    ) async throws -> Value {
        do {
            let value = try await body(server)
            try await server.channel.close()
            return value
        } catch {
            try await server.channel.close()
            throw error
        }
    }

    fileprivate func next(_ request: Request) -> Step {
        log.withLock { $0.append(request) }
        return script.withLock { $0.isEmpty ? nil : $0.removeFirst() } ?? rest(request)
    }

    /// Connections are set up before the server that they belong to exists.
    fileprivate final class Shared: Sendable {
        let server = Mutex<ScriptedServer?>(nil)
    }

    private final class Exchange: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let shared: Shared
        private var request: Request?

        init(_ shared: Shared) {
            self.shared = shared
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                request = Request(
                    method: head.method.rawValue, path: head.uri, headers: head.headers, body: [])
            case .body(let part): request?.body.append(contentsOf: part.readableBytesView)
            case .end:
                guard let request, let server = shared.server.withLock({ $0 }) else { return }
                answer(server.next(request), context: context)
            }
        }

        private func answer(_ step: Step, context: ChannelHandlerContext) {
            if case .hangUp = step { context.close(promise: nil) }
            guard case .answer(let status, let headers, let body) = step else { return }
            var fields = HTTPHeaders(headers)
            fields.replaceOrAdd(name: "content-length", value: "\(body.count)")
            let head = HTTPResponseHead(
                version: .http1_1, status: .init(statusCode: status), headers: fields)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(
                wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}

/// A port of 127.0.0.1 on which nobody listens.
func closedPort() async throws -> Int {
    try await ScriptedServer.run([]) { $0.port }
}
