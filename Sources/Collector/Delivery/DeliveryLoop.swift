import Inbox
import Logging
import Mending
import OTLP
import ServiceLifecycle
import Sinks

/// Brings every revision to one sink, and remembers how far it is.
///
/// `run()` returns after a graceful shutdown, between two deliveries. A sink that fails is tried
/// again with growing pauses; what can never succeed is parked, and shown.
struct DeliveryLoop: Service {
    let sink: any TraceSink
    let inbox: Inbox
    let mending: RunMending
    let retry: RetryPolicy
    let clock: UnixClock
    let metrics: Metrics
    let logger: Logger
    /// Raised when a revision was written down.
    let revised: Signal
    /// Raised when a delivery ended, well or badly.
    let delivered: Signal
    let undelivered: UndeliveredRevisions
    let health: SinkHealth

    /// How many runs are on their way to the sink at one time.
    private static let runsSideBySide = 8

    func run() async throws {
        await withGracefulShutdownHandler {
            while true {
                let seen = revised.generation
                if Task.isShuttingDownGracefully || Task.isCancelled { return }
                var pause = Duration.seconds(30)
                do {
                    pause = try await deliverWhatWaits()
                } catch {
                    logger.error(
                        "deliveries were not looked up",
                        metadata: ["sink": "\(sink.name)", "reason": "\(error)"])
                    pause = .seconds(1)
                }
                if pause > .zero { await revised.wait(after: seen, atMost: pause) }
            }
        } onGracefulShutdown: {
            revised.raise()
        }
    }

    /// Delivers what waits and is due.
    /// - Returns: how long nothing else will be due unless a revision comes.
    func deliverWhatWaits() async throws -> Duration {
        let now = clock.now
        if health.retryUnixNano > now { return pause(until: health.retryUnixNano) }
        let waiting = try await inbox.reader.undelivered(
            sink: sink.name, settledOnly: sink.takesSettledOnly, nowUnixNano: now,
            limit: health.failures > 0 ? 1 : 256)
        guard !waiting.isEmpty else {
            let next = try await inbox.reader.nextAttemptUnixNano(
                sink: sink.name, afterUnixNano: now)
            return pause(until: next ?? .max)
        }
        await forEach(waiting, atATime: Self.runsSideBySide) { delivery in
            if Task.isShuttingDownGracefully || health.retryUnixNano > clock.now { return }
            do {
                try await deliver(delivery.run)
            } catch {
                await failed(delivery, error)
            }
        }
        return .milliseconds(1)
    }

    private func pause(until time: Int64) -> Duration {
        min(.seconds(30), .nanoseconds(max(1_000_000, time.subtracting(clock.now))))
    }

    private func deliver(_ listed: RunStatus) async throws {
        defer {
            if !sink.takesSettledOnly { undelivered.remove(listed.key) }
            delivered.raise()
        }
        guard health.begin(listed.traceIDs) else { return }
        defer { health.end(listed.traceIDs) }
        // The list may be old: by now the run may have grown, or be another name of a run.
        guard let delivery = try await waitingDelivery(of: listed.key) else { return }
        let run = delivery.run
        let pins = try await pins(of: run)
        let made = try await mending.mend(
            run.key,
            sink.mode == .appending
                ? .exactly(through: run.mendedThrough) : .atLeast(through: run.mendedThrough),
            pins: pins)
        let mended = sink.mode == .appending ? made.run.without(pins) : made.run
        let revision = Revision(
            runID: run.key.id, rolloutID: run.key.rolloutID, attemptID: run.key.attemptID,
            number: run.revision, isSettled: run.isSettled, run: mended)
        let isTaken = sink.wants(revision)
        do {
            if isTaken, sink.mode == .replacing || !mended.spans.isEmpty {
                try await sink.deliver(revision)
                metrics.add(.deliveries, labels: ["sink": sink.name, "result": "delivered"])
                metrics.add(.deliveredSpans, mended.spans.count, labels: ["sink": sink.name])
            }
        } catch {
            return try await fail(delivery, error)
        }
        try await inbox.delivered(
            sink: sink.name, run: run.key, revision: run.revision,
            throughRequest: run.mendedThrough, isSettled: run.isSettled,
            pins: isTaken && sink.mode == .appending ? mended.pins : [])
        tellIfBack()
    }

    private func tellIfBack() {
        if health.succeeded() {
            logger.notice("a sink is back", metadata: ["sink": "\(sink.name)"])
        }
    }

    /// The delivery as it is now; nil where nothing is to be delivered under this name any more.
    private func waitingDelivery(of run: RunKey) async throws -> Delivery? {
        let deliveries = try await inbox.reader.deliveries(of: run)
        return deliveries.first { delivery in
            delivery.sink == sink.name && delivery.run.key == run && delivery.state == .waiting
                && (!sink.takesSettledOnly || delivery.run.isSettled)
        }
    }

    /// What failed here and not at the sink, such as reading the run, is tried again as well.
    private func failed(_ delivery: Delivery, _ error: any Error) async {
        do {
            try await fail(delivery, .retryable(reason: "\(error)", after: nil))
        } catch {
            // Nobody remembers this failure, nor what the sink may have taken: without a pause it
            // would be sent the same again and again.
            let pause = retry.delay(attempt: health.failures + 1, random: .random(in: 0..<1))
            _ = health.failed(retryUnixNano: clock.now + pause.nanoseconds)
            logger.error(
                "a failed delivery was not written down",
                metadata: [
                    "sink": "\(sink.name)", "run": "\(delivery.run.key.id)", "reason": "\(error)",
                ])
        }
    }

    private func fail(_ delivery: Delivery, _ error: SinkError) async throws {
        let key = delivery.run.key
        switch error {
        case .retryable(let reason, let after):
            let isNews = try await retryLater(delivery, reason, after: after)
            logger.log(
                level: isNews ? .warning : .debug,
                "a delivery failed; the sink is tried again until it is back",
                metadata: ["sink": "\(sink.name)", "run": "\(key.id)", "reason": "\(reason)"])
        case .misconfigured(let reason):
            _ = try await retryLater(delivery, reason, after: nil)
            // At least once a minute for as long as it lasts: nothing is delivered before somebody
            // acts, and what comes meanwhile fills the disk.
            logger.error(
                "a sink turns everything away; check its address and credentials",
                metadata: ["sink": "\(sink.name)", "reason": "\(reason)"])
        case .permanent(let reason):
            try await inbox.park(sink: sink.name, run: key, error: reason)
            // Who refuses one run is there for the others.
            tellIfBack()
            metrics.add(.deliveries, labels: ["sink": sink.name, "result": "parked"])
            logger.error(
                "a run is parked: this sink will not take it",
                metadata: ["sink": "\(sink.name)", "run": "\(key.id)", "reason": "\(reason)"])
        }
    }

    /// - Returns: whether the sink was well before.
    private func retryLater(
        _ delivery: Delivery, _ reason: String, after: Duration?
    ) async throws -> Bool {
        let pause = retry.delay(
            attempt: max(delivery.attempts, health.failures) + 1, retryAfter: after,
            random: .random(in: 0..<1))
        try await inbox.failed(
            sink: sink.name, run: delivery.run.key, error: reason,
            retryAtUnixNano: clock.now + pause.nanoseconds)
        metrics.add(.deliveries, labels: ["sink": sink.name, "result": "retried"])
        return health.failed(retryUnixNano: clock.now + pause.nanoseconds)
    }

    private func pins(of run: RunStatus) async throws -> Pins {
        guard sink.mode == .appending else { return .none }
        var pins = Pins()
        let pinned = try await inbox.reader.pins(
            sink: sink.name, run: run.key, withThisRun: sink.keepsRunsApart)
        for pin in pinned {
            pins.spans[pin.reported] = Pins.Pin(
                traceID: pin.traceID, parentSpanID: pin.parentSpanID, sequence: pin.sequence,
                duplicateOf: pin.duplicateOf)
        }
        return pins
    }
}

extension DeliveryLoop: CustomStringConvertible {
    /// The service group prints its services; all that they hold is not for printing.
    var description: String { "deliveries to \(sink.name)" }
}

extension MendedRun {
    /// The run without the spans that a sink has been given already.
    func without(_ pins: Pins) -> MendedRun {
        guard !pins.spans.isEmpty else { return self }
        let kept = spans.indices.filter { pins.spans[spans[$0].reported] == nil }
        var rest = self
        rest.batch.spans = kept.map { batch.spans[$0] }
        rest.spans = kept.map { spans[$0] }
        return rest
    }

    /// What a sink that gets this run cannot take back.
    var pins: [SpanPin] {
        zip(batch.spans, spans).map { record, span in
            SpanPin(
                reported: span.reported, traceID: record.traceID,
                parentSpanID: record.parentSpanID, sequence: span.sequence,
                duplicateOf: span.duplicateOf)
        }
    }
}
