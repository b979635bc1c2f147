import Foundation
public import Inbox
import LightningSink
public import Logging
import Mending
import OTLP
import OTLPSink
import SemanticConventions
public import ServiceLifecycle
import Sinks
import SQLiteArchive

/// A whole collector without its listeners: inbox, mending and sinks, put together from a
/// configuration.
public struct Pipeline: Sendable {
    public let receiver: Receiver
    public let queries: RunQueries
    private let configuration: Configuration
    static let inboxFileName = "inbox.sqlite"
    private let inbox: Inbox
    private let sinks: [any TraceSink]
    private let health: [String: SinkHealth]
    private let metrics: Metrics
    private let clock: UnixClock
    private let logger: Logger
    private let arrival: Signal
    private let closing = Signal()
    private let revised = Signal()
    private let delivered = Signal()
    private let mending: RunMending
    private let directory: DataDirectory

    /// Opens the data folder, the inbox and the sinks. Blocks while it does.
    /// - Throws: what is wrong with the folder, a database, the rules or a sink, in one sentence.
    public init(
        configuration: Configuration, logger: Logger, clock: UnixClock = .system
    ) throws {
        self.configuration = configuration
        self.logger = logger
        self.clock = clock
        metrics = Metrics()
        arrival = Signal()
        let rules = try RuleSet.forCollector(directory: configuration.rulesDirectory)
        directory = try DataDirectory(configuration.dataDirectory)
        Self.warnWhereOthersMayRead(configuration.dataDirectory, logger)
        let archiveName = Configuration.archiveSinkName
        let archive =
            configuration.archive.isEnabled
            ? try SQLiteArchive(
                .init(
                    directory: configuration.dataDirectory,
                    durability: configuration.inbox.durability == .power ? .power : .process,
                    name: archiveName)) : nil
        inbox = try Inbox(
            path: directory.file(Self.inboxFileName),
            configuration: InboxConfiguration(
                durability: configuration.inbox.durability == .power ? .power : .process,
                sinks: (archive == nil ? [] : [archiveName]) + configuration.sinks.map(\.name),
                undeliveredLimitBytes: configuration.inbox.maximumBytes))
        mending = RunMending(
            inbox: inbox, archive: archive?.reader,
            mender: Mender(
                rules: rules, originals: configuration.originals,
                credentials: CredentialNames(additional: configuration.maskedKeys),
                maximumRepairedSpans: configuration.limits.repairedSpansPerRun,
                minimumConfidence: configuration.repairConfidenceMin),
            keys: rules.keyTable, runKey: configuration.runKey, limits: configuration.limits,
            metrics: metrics, logger: logger)
        receiver = Receiver(
            inbox: inbox, limits: configuration.limits, runKey: configuration.runKey,
            metrics: metrics, log: SeldomLog(logger, clock: clock), clock: clock,
            bytesInFlight: BytesInFlight(limit: configuration.limits.bytesInFlight),
            lanes: DecodingLanes(
                lanes: ProcessInfo.processInfo.activeProcessorCount,
                budgetBytes: configuration.limits.decodingBytes),
            arrival: arrival)
        queries = RunQueries(archive: archive?.reader, inbox: inbox.reader)
        if archive == nil, configuration.sinks.isEmpty {
            logger.warning("nothing is mended: the archive is off, and there are no sinks")
        }
        // Last, because they hold connections that must be closed, and nothing after them throws.
        sinks =
            try (archive.map { [$0] } ?? [])
            + configuration.sinks.map { try $0.makeSink(logger: logger) }
        health = Dictionary(
            sinks.map { ($0.name, SinkHealth()) }, uniquingKeysWith: { first, _ in first })
    }

    /// The data folder is made for its user alone; one that was there before may not be.
    private static func warnWhereOthersMayRead(_ folder: String, _ logger: Logger) {
        var status = stat()
        guard stat(folder, &status) == 0, status.st_mode & 0o077 != 0 else { return }
        logger.warning(
            "other users may look into the data folder; chmod 700 keeps it private",
            metadata: [
                "data": "\(folder)", "mode": "\(String(status.st_mode & 0o777, radix: 8))",
            ])
    }

    /// What runs beside the listeners, and stops after them.
    public var services: [any Service] {
        let retention = Retention(
            inbox: inbox, archive: sinks.lazy.compactMap { $0 as? SQLiteArchive }.first,
            backlogs: sinks.filter { !($0 is SQLiteArchive) }.map { sink in
                Retention.Backlog(
                    sink: sink.name,
                    bytes: configuration.sinks.first { $0.name == sink.name }?.backlogBytes
                        ?? configuration.inbox.maximumBytes / 2)
            },
            configuration: configuration, metrics: metrics, clock: clock, logger: logger)
        guard !sinks.isEmpty else { return [retention] }
        let undelivered = UndeliveredRevisions(
            limit: configuration.limits.mendedCacheBytes / 2, delivered: delivered)
        let stores = sinks.compactMap { $0 as? LightningSink }
        let running = RunningAttempts(stores: stores.count)
        let hasReplacing = sinks.contains { !$0.takesSettledOnly }
        let assembly = Assembly(
            inbox: inbox, mending: mending, rule: RevisionRule(settling: configuration.settling),
            clock: clock, logger: logger, arrival: arrival,
            closing: closing, revised: revised,
            undelivered: hasReplacing ? undelivered : nil, running: running)
        let deliveries = sinks.map { sink in
            DeliveryLoop(
                sink: sink, inbox: inbox, mending: mending, retry: RetryPolicy(), clock: clock,
                metrics: metrics, logger: logger, revised: revised, delivered: delivered,
                undelivered: undelivered, health: health[sink.name] ?? SinkHealth())
        }
        let watches = stores.map { sink in
            AttemptWatch(
                sink: sink, inbox: inbox, clock: clock, logger: logger, running: running,
                closed: {
                    arrival.raise()
                    closing.raise()
                })
        }
        return deliveries + watches + [assembly, retention]
    }

    /// Closes the sinks and the inbox, after the services have stopped.
    public func finish() async throws {
        for sink in sinks { try await sink.close() }
        try await inbox.shutdown()
    }

    /// Says that a run is whole, and waits until every sink has it, or for as long as told.
    ///
    /// A sink for which the run is parked is not waited for. The wait ends early when the task is
    /// cancelled or the collector stops.
    /// - Returns: the state of each sink; nil where nobody knows the run.
    public func close(_ run: RunKey, wait: Duration) async throws -> [DeliveryState]? {
        try await close(run, wait: wait, sinkNames: sinks.map(\.name))
    }

    /// The store that the API listener stands in front of; nil where there is none.
    public var gateway: StoreGateway? {
        configuration.sinks.first { $0.isGateway }.map { sink in
            StoreGateway(sink, bodyLimit: configuration.limits.bodyBytes)
        }
    }

    /// Closes the runs of a rollout, and waits until the store behind the gateway has them, or for
    /// as long as told.
    /// - Parameter attempt: one attempt, or nil for all.
    /// - Returns: what the store has not got, in words; nil where it has all.
    public func deliver(
        to gateway: StoreGateway, rollout: String, attempt: String?, wait: Duration
    ) async throws -> String? {
        let runs = try await inbox.reader.runs(ofRollout: rollout)
            .filter { attempt == nil || $0.key.attemptID == attempt }
        let deadline = ContinuousClock.now + wait
        var missing: [String] = []
        for run in runs where run.key.attemptID != nil {
            let left = max(.zero, deadline - ContinuousClock.now)
            let states = try await close(run.key, wait: left, sinkNames: [gateway.sink]) ?? []
            for state in states where !state.isDelivered {
                missing.append("\(run.key.id) is \(state.state): \(state.error ?? "not sent yet")")
            }
        }
        return missing.isEmpty ? nil : missing.joined(separator: "; ")
    }

    private func close(
        _ run: RunKey, wait: Duration, sinkNames: [String]
    ) async throws -> [DeliveryState]? {
        guard let status = try await inbox.close(run) else { return nil }
        // Who closes a run asks for it: what was given up is tried once more.
        for sink in sinkNames { _ = try await inbox.unpark(sink: sink, run: status.key) }
        revised.raise()
        arrival.raise()
        closing.raise()
        let deadline = ContinuousClock.now + wait
        return try await withGracefulShutdownHandler {
            while true {
                let seen = delivered.generation
                let states = try await states(of: status.key, sinkNames: sinkNames)
                let left = deadline - ContinuousClock.now
                let isStopping = Task.isShuttingDownGracefully || Task.isCancelled
                if left <= .zero || isStopping || states.allSatisfy(\.isFinal) { return states }
                await delivered.wait(after: seen, atMost: left)
            }
        } onGracefulShutdown: {
            delivered.raise()
        }
    }

    private func states(
        of run: RunKey, sinkNames: [String]
    ) async throws -> [DeliveryState] {
        let status = try await inbox.reader.run(run)
        let isSettled = status.map { $0.isSettled && !$0.awaitsClosing } ?? false
        let deliveries = try await inbox.reader.deliveries(of: run)
        return sinkNames.map { sink in
            let delivery = deliveries.first { $0.sink == sink }
            let isDelivered =
                isSettled && delivery?.state == .delivered && delivery?.isSettled == true
            return DeliveryState(
                sink: sink,
                state: isDelivered
                    ? "delivered" : delivery?.state == .parked ? "parked" : "waiting",
                isDelivered: isDelivered, error: delivery?.error)
        }
    }

    /// How far each sink is, and what was given up for it.
    public var deliveries: SinkDeliveries {
        SinkDeliveries(
            inbox: inbox, sinks: sinks.map(\.name), health: health, clock: clock,
            retried: { revised.raise() })
    }

    /// Why the collector should get no requests now; nil when it is ready.
    public func unreadiness() async -> String? {
        let counts = inbox.counts
        let limit = configuration.inbox.maximumBytes
        guard counts.undeliveredBytes < limit else {
            return "the inbox is full: \(counts.undeliveredBytes) of \(limit) bytes are undelivered"
        }
        do {
            _ = try await inbox.reader.run(.rollout("ready?"))
            return nil
        } catch {
            // Everybody may ask, so the answer tells no paths.
            logger.error("the inbox cannot be read", metadata: ["reason": "\(error)"])
            return "the inbox cannot be read"
        }
    }

    /// Counters and gauges in the text format of Prometheus.
    public func metricsText() async throws -> String {
        let counts = inbox.counts
        let oldest = counts.oldestUndeliveredUnixNano.map { max(0, clock.now - $0) } ?? 0
        var gauges = [
            Metrics.Gauge(
                name: "tracemend_inbox_bytes", help: "Bytes of request bodies that are kept.",
                value: Double(counts.bytes)),
            Metrics.Gauge(
                name: "tracemend_undelivered_bytes",
                help: "Bytes of request bodies that some sink has not got.",
                value: Double(counts.undeliveredBytes)),
            Metrics.Gauge(
                name: "tracemend_undelivered_requests",
                help: "Requests that some sink has not got.",
                value: Double(counts.undeliveredRequests)),
            Metrics.Gauge(
                name: "tracemend_oldest_undelivered_seconds",
                help: "Age of the oldest request that some sink has not got.",
                value: Double(oldest) / 1e9),
            Metrics.Gauge(
                name: "tracemend_parked_runs",
                help: "Pairs of a run and a sink that were given up.", value: Double(counts.parked)),
            Metrics.Gauge(
                name: "tracemend_bytes_in_flight",
                help: "Bytes of request bodies between the first byte and the commit.",
                value: Double(receiver.bytesInFlight.current)),
        ]
        gauges += try await deliveries.gauges()
        if let archived = try await queries.archivedSpans() {
            gauges.append(
                Metrics.Gauge(
                    name: "tracemend_archive_spans", help: "Spans in the archive.",
                    value: Double(archived)))
        }
        return metrics.text(gauges: gauges)
    }
}

extension DeliveryState {
    /// Nothing more will come of waiting: the sink has the run, or it was given up.
    fileprivate var isFinal: Bool { isDelivered || state == Delivery.State.parked.rawValue }
}
