public import Collector
import Foundation
public import Logging
import NIOCore
import NIOExtras
import NIOHTTP1
import NIOPosix
import NIOSSL
public import ServiceLifecycle
import Synchronization

/// The listener for export requests: OTLP, close and health, nothing else.
///
/// It sits on SwiftNIO directly, for it may face the network: it bounds what a connection may take
/// and how long, and a small request costs little.
///
/// `run()` returns after a graceful shutdown, when every request in flight is answered; when it is
/// cancelled it closes what is still open. It throws `ListenerError` when the address cannot be
/// bound or a file of TLS cannot be used.
public struct IngestListener: Service, CustomStringConvertible {
    /// The service group prints its services; all that they hold is not for printing.
    public let description = "the ingest listener"
    private let surface: IngestSurface
    private let configuration: Configuration
    private let logger: Logger
    private let onReady: @Sendable (Int) async -> Void

    /// - Parameter onReady: called with the bound port.
    public init(
        _ pipeline: Pipeline, _ configuration: Configuration, logger: Logger,
        onReady: @escaping @Sendable (Int) async -> Void
    ) {
        surface = IngestSurface(pipeline, configuration)
        self.configuration = configuration
        self.logger = logger
        self.onReady = onReady
    }

    public func run() async throws {
        let tls = try tlsContext()
        let group = MultiThreadedEventLoopGroup.singleton
        let quiescing = ServerQuiescingHelper(group: group)
        let connections = Connections(limit: surface.limits.connections)
        let server = try await bound(group, quiescing, connections, tls)
        let stopped = group.any().makePromise(of: Void.self)
        await onReady(server.localAddress?.port ?? configuration.port)
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                // The promise has no failure but a second shutdown, which asks for the same.
                _ = try? await stopped.futureResult.get()
            } onGracefulShutdown: {
                quiescing.initiateShutdown(promise: stopped)
            }
        } onCancel: {
            quiescing.initiateShutdown(promise: stopped)
            connections.closeAll()
        }
    }

    private func bound(
        _ group: MultiThreadedEventLoopGroup, _ quiescing: ServerQuiescingHelper,
        _ connections: Connections, _ tls: NIOSSLContext?
    ) async throws -> any Channel {
        let surface = surface
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        quiescing.makeServerChannelHandler(channel: channel))
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard connections.add(channel) else { return channel.close(promise: nil) }
                    try Self.configure(channel, surface, tls)
                }
            }
        do {
            return try await bootstrap.bind(host: configuration.host, port: configuration.port)
                .get()
        } catch {
            let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) }
            throw ListenerError(
                listener: description, address: "\(configuration.host):\(configuration.port)",
                reason: reason ?? "\(error)")
        }
    }

    private static func configure(
        _ channel: any Channel, _ surface: IngestSurface, _ tls: NIOSSLContext?
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        let pace = ConnectionPace(surface.limits)
        try pipeline.addHandler(pace)
        if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = IngestSurface.headBytes
        limits.maxHeaderListSize = IngestSurface.headBytes
        limits.maxHeaderFieldCount = 128
        try pipeline.addHandlers([
            // Whoever does not read the answers is not read either.
            BackPressureHandler(),
            HTTPResponseEncoder(),
            ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: limits)),
            HTTPServerPipelineHandler(),
            IngestConnection(surface: surface, pace: pace),
        ])
    }

    private func tlsContext() throws -> NIOSSLContext? {
        guard let files = configuration.tls else { return nil }
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(files.certificate)
            var settings = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: files.key, format: .pem)))
            settings.minimumTLSVersion = .tlsv12
            settings.applicationProtocols = ["http/1.1"]
            if let authority = files.clientCA {
                settings.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authority))
                settings.certificateVerification = .noHostnameVerification
            }
            return try NIOSSLContext(configuration: settings)
        } catch {
            throw ListenerError(
                listener: description, address: "\(configuration.host):\(configuration.port)",
                reason: "tls: the certificate, key or client_ca cannot be used: \(error)")
        }
    }
}

/// The open connections, at most so many.
private final class Connections: Sendable {
    private let open = Mutex<[ObjectIdentifier: any Channel]>([:])
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    /// Whether there is room for the connection; it is forgotten when it closes.
    func add(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let isAdded = open.withLock { open in
            guard open.count < limit else { return false }
            open[id] = channel
            return true
        }
        if isAdded {
            channel.closeFuture.whenComplete { _ in
                self.open.withLock { _ = $0.removeValue(forKey: id) }
            }
        }
        return isAdded
    }

    func closeAll() {
        for channel in open.withLock({ Array($0.values) }) { channel.close(promise: nil) }
    }
}
