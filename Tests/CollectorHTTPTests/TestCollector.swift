import Collector
import CollectorHTTP
import Foundation
import Hummingbird
import HummingbirdTesting
import Logging
import OTLP
import ServiceLifecycle

/// A collector with a data folder of its own, and its two surfaces without sockets.
struct TestCollector {
    let pipeline: Pipeline
    let configuration: Configuration
    let folder: URL

    init(
        clock: UnixClock = .system, _ configure: (inout Configuration) -> Void = { _ in }
    ) throws {
        var configuration = Configuration()
        configuration.dataDirectory =
            FileManager.default.temporaryDirectory
            .appending(path: "tracemend-\(UUID().uuidString)").path
        configure(&configuration)
        folder = URL(filePath: configuration.dataDirectory)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        self.configuration = configuration
        pipeline = try Pipeline(configuration: configuration, logger: logger, clock: clock)
    }

    /// Runs the collector's services and its ingest listener while the body asks it, over a socket.
    func ingest<Value: Sendable>(
        _ body: @escaping @Sendable (LiveClient) async throws -> Value
    ) async throws -> Value {
        let (ports, bound) = AsyncStream.makeStream(of: Int.self)
        var listening = configuration
        (listening.host, listening.port) = ("127.0.0.1", 0)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let listener = IngestListener(pipeline, listening, logger: logger) { bound.yield($0) }
        return try await running([listener]) {
            var ports = ports.makeAsyncIterator()
            guard let port = await ports.next() else { throw CancellationError() }
            return try await LiveClient.with(port: port) { try await body($0) }
        }
    }

    /// Runs the collector's services while the body asks the API surface.
    func api<Value: Sendable>(
        token: Secret? = nil,
        _ body: @escaping @Sendable (any TestClientProtocol) async throws -> Value
    ) async throws -> Value {
        try await running {
            try await Application(responder: APIResponder(pipeline: pipeline, token: token))
                .test(.router) { try await body($0) }
        }
    }

    private func running<Value: Sendable>(
        _ listeners: [any Service] = [], _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let services = ServiceGroup(
            services: pipeline.services + listeners, logger: Logger(label: "test"))
        let result = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            let value = await Result { try await body() }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            return value
        }
        try await pipeline.finish()
        try FileManager.default.removeItem(at: folder)
        return try result.get()
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}

/// Small export requests, written down by hand.
enum Export {
    /// One span of a trace, its ids given as hexadecimal digits.
    static func json(
        trace: String = "4bf92f3577b34da6a3ce929d0e0e4736", span: String = "00f067aa0ba902b7",
        parent: String = "", name: String = "step", start: Int = 1_700_000_000_000_000_000,
        milliseconds: Int = 100, attributes: String = ""
    ) -> String {
        """
        {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":\
        {"stringValue":"agent"}}]},"scopeSpans":[{"scope":{"name":"test"},"spans":[{"traceId":\
        "\(trace)","spanId":"\(span)","parentSpanId":"\(parent)","name":"\(name)","kind":1,\
        "startTimeUnixNano":"\(start)","endTimeUnixNano":"\(start + milliseconds * 1_000_000)",\
        "attributes":[\(attributes)]}]}]}]}
        """
    }

    static func protobuf(_ json: String = json()) throws -> [UInt8] {
        try TraceBatch(json: Array(json.utf8)).protobuf()
    }
}
