public import Collector
import Hummingbird
import HummingbirdCore
public import Logging
import Foundation
import NIOCore
public import ServiceLifecycle
import Synchronization

/// One HTTP listener of the collector.
///
/// `run()` returns after a graceful shutdown, when every request in flight is answered; it throws
/// when the address cannot be bound.
public struct Listener: Service, CustomStringConvertible {
    /// The service group prints its services; all that they hold is not for printing.
    public let description: String
    private let application: any Service
    private let address: String
    private let progress: ListenerProgress
    /// What its requests went through; nil where it has none.
    private let gateway: Gateway?

    /// The listener for readers, which takes export requests too.
    /// - Parameter onReady: called with the bound port.
    public static func api(
        _ pipeline: Pipeline, host: String, port: Int, token: Secret?, logger: Logger,
        onReady: @escaping @Sendable (Int) async -> Void
    ) -> Listener {
        let gateway = pipeline.gateway.map {
            Gateway($0, pipeline: pipeline, logger: logger)
        }
        return listener(
            "the API listener",
            APIResponder(pipeline: pipeline, token: token, gateway: gateway), host, port, logger,
            onReady, gateway: gateway)
    }

    private static func listener(
        _ name: String, _ responder: some HTTPResponder<BasicRequestContext>, _ host: String,
        _ port: Int,
        _ logger: Logger, _ onReady: @escaping @Sendable (Int) async -> Void,
        gateway: Gateway? = nil
    ) -> Listener {
        // Hummingbird tells each request at info level; ours are told by counters.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let progress = ListenerProgress()
        return Listener(
            description: name,
            application: Application(
                responder: responder,
                server: .http1(configuration: .init(idleTimeout: .seconds(75))),
                configuration: .init(address: .hostname(host, port: port), serverName: nil),
                onServerRunning: { channel in
                    progress.markBound()
                    await onReady(channel.localAddress?.port ?? port)
                },
                logger: quiet),
            address: "\(host):\(port)", progress: progress, gateway: gateway)
    }

    /// - Throws: `ListenerError` where the address cannot be bound.
    public func run() async throws {
        do {
            try await serve()
        } catch {
            try await gateway?.shutdown()
            throw error
        }
        try await gateway?.shutdown()
    }

    private func serve() async throws {
        do {
            try await application.run()
        } catch  where !progress.isBound && !(error is CancellationError) {
            let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) }
            throw ListenerError(
                listener: description, address: address, reason: reason ?? "\(error)")
        }
    }
}

/// A listener has no address to listen on.
public struct ListenerError: Error, Hashable, Sendable, CustomStringConvertible {
    public var listener: String
    /// Host and port.
    public var address: String
    public var reason: String

    public var description: String { "\(listener) cannot listen on \(address): \(reason)" }
}

/// Whether a listener is past binding its address.
private final class ListenerProgress: Sendable {
    private let bound = Mutex(false)

    var isBound: Bool { bound.withLock { $0 } }

    func markBound() { bound.withLock { $0 = true } }
}
