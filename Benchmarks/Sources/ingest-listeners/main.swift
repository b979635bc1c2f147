import Collector
import CollectorHTTP
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle

// usage: ingest-listeners hummingbird|nio PORT FOLDER
// Serves the ingest surface with inbox and without sinks until it is stopped, on one of two HTTP servers.

guard CommandLine.arguments.count == 4, let port = Int(CommandLine.arguments[2]) else {
    FileHandle.standardError.write(
        Data("usage: ingest-listeners hummingbird|nio PORT FOLDER\n".utf8))
    exit(64)
}
var configuration = Configuration()
configuration.dataDirectory = CommandLine.arguments[3]
configuration.archive.isEnabled = false
var logger = Logger(label: "ingest-listeners")
logger.logLevel = .warning
let pipeline = try Pipeline(configuration: configuration, logger: logger)

switch CommandLine.arguments[1] {
case "hummingbird":
    let listener = Listener.ingest(pipeline, host: "127.0.0.1", port: port, logger: logger) {
        port in
        print("ready \(port)")
        fflush(nil)
    }
    try await ServiceGroup(
        services: pipeline.services + [listener], gracefulShutdownSignals: [.sigterm],
        logger: logger
    ).run()
case "nio":
    let receiver = pipeline.receiver
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .serverChannelOption(.backlog, value: 256)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                try channel.pipeline.syncOperations.addHandler(IngestHandler(receiver: receiver))
            }
        }
        .bind(host: "127.0.0.1", port: port).get()
    print("ready \(port)")
    fflush(nil)
    try await channel.closeFuture.get()
default:
    exit(64)
}
