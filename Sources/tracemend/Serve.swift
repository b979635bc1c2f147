import ArgumentParser
import Collector
import CollectorHTTP
import Foundation
import Logging
import ServiceLifecycle
import UnixSignals

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the collector.",
        discussion: """
            Without any option it takes exports on http://127.0.0.1:4318, keeps them in \
            ./tracemend-data, and answers queries on http://127.0.0.1:4320. Options win over \
            TRACEMEND_ variables, and those over the file.

            Example:
              tracemend serve
              tracemend serve --config tracemend.yaml --data /var/lib/tracemend
            """)

    @Option(help: "A YAML file; docs/configuration.md lists its keys.")
    var config: String?

    @Option(help: "The address that takes exports.")
    var host: String?

    @Option(help: "The port that takes exports.")
    var port: String?

    @Option(help: "The port of the query API.")
    var apiPort: String?

    @Option(help: "The folder of the inbox and the archive.")
    var data: String?

    func run() async throws {
        // The databases hold prompts: what is made from here on is for this user alone.
        umask(0o077)
        Allocator.limitArenas()
        // A file that may not grow is an error like a full disk, and no reason to die.
        signal(SIGXFSZ, SIG_IGN)
        let configuration = try configured()
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        var logger = Logger(label: "tracemend")
        logger.logLevel = configuration.logLevel
        let pipeline = try Pipeline(configuration: configuration, logger: logger)
        let ready = ReadyLine(listeners: ["ingest", "api"])
        let ingest = IngestListener(pipeline, configuration, logger: logger) { port in
            let scheme = configuration.tls == nil ? "http" : "https"
            await ready.bound("ingest", "\(scheme)://\(configuration.host):\(port)")
        }
        let api = Listener.api(
            pipeline, host: configuration.apiHost, port: configuration.apiPort,
            token: configuration.apiToken, logger: logger
        ) { port in
            await ready.bound("api", "http://\(configuration.apiHost):\(port)")
        }
        // The last one stops first: the listeners finish what is in flight while mending runs.
        var services = ServiceGroupConfiguration(
            services: [Allocator()] + pipeline.services + [api, ingest],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        services.maximumGracefulShutdownDuration = configuration.shutdownGrace
        do {
            try await ServiceGroup(configuration: services).run()
        } catch {
            // The first failure is the one to tell; sinks and inbox are closed all the same.
            do {
                try await pipeline.finish()
            } catch {
                logger.error("the collector did not close", metadata: ["reason": "\(error)"])
            }
            throw error
        }
        try await pipeline.finish()
    }

    private var options: [(option: String, key: String, value: String)] {
        [
            ("--host", "host", host), ("--port", "port", port),
            ("--api-port", "api.port", apiPort), ("--data", "data", data),
        ].compactMap { option, key, value in
            value.map { (option: option, key: key, value: $0) }
        }
    }

    func validate() throws {
        var configuration = Configuration()
        do {
            try configuration.apply(options: options)
        } catch {
            throw ValidationError("\(error)")
        }
    }

    private func configured() throws -> Configuration {
        var configuration = Configuration()
        if let config { try configuration.apply(yaml: try readText(config), file: config) }
        try configuration.apply(environment: ProcessInfo.processInfo.environment)
        try configuration.apply(options: options)
        try configuration.validate()
        return configuration
    }
}

/// Prints one line on standard output when every listener is bound.
private actor ReadyLine {
    private var missing: Set<String>
    private var addresses: [String: String] = [:]

    init(listeners: Set<String>) {
        missing = listeners
    }

    func bound(_ listener: String, _ address: String) {
        addresses[listener] = address
        guard missing.remove(listener) != nil, missing.isEmpty else { return }
        let words = addresses.sorted { $0.key > $1.key }.map { "\($0.key) \($0.value)" }
        print("tracemend is ready: " + words.joined(separator: ", "))
        fflush(nil)
    }
}
