public import Collector
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
public import ServiceLifecycle

/// One HTTP listener of the collector.
///
/// `run()` returns after a graceful shutdown, when every request in flight is answered; it throws
/// when the address cannot be bound.
public struct Listener: Service, CustomStringConvertible {
    /// The service group prints its services; all that they hold is not for printing.
    public let description: String
    private let application: any Service

    private init(_ description: String, application: any Service) {
        self.description = description
        self.application = application
    }

    /// The listener for export requests: OTLP, close and health, nothing else.
    /// - Parameter onReady: called with the bound port.
    public static func ingest(
        _ pipeline: Pipeline, host: String, port: Int, logger: Logger,
        onReady: @escaping @Sendable (Int) async -> Void
    ) -> Listener {
        listener(
            "the ingest listener", IngestResponder(pipeline: pipeline), host, port, logger, onReady)
    }

    /// The listener for readers, which takes export requests too.
    /// - Parameter onReady: called with the bound port.
    public static func api(
        _ pipeline: Pipeline, host: String, port: Int, token: Secret?, logger: Logger,
        onReady: @escaping @Sendable (Int) async -> Void
    ) -> Listener {
        listener(
            "the API listener", APIResponder(pipeline: pipeline, token: token), host, port, logger,
            onReady)
    }

    private static func listener(
        _ name: String, _ responder: some HTTPResponder<BasicRequestContext>, _ host: String,
        _ port: Int,
        _ logger: Logger, _ onReady: @escaping @Sendable (Int) async -> Void
    ) -> Listener {
        // Hummingbird tells each request at info level; ours are told by counters.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        return Listener(
            name,
            application: Application(
                responder: responder,
                server: .http1(configuration: .init(idleTimeout: .seconds(75))),
                configuration: .init(address: .hostname(host, port: port), serverName: nil),
                onServerRunning: { channel in
                    await onReady(channel.localAddress?.port ?? port)
                },
                logger: quiet))
    }

    public func run() async throws {
        try await application.run()
    }
}
