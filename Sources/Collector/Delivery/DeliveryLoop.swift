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

    /// How many runs are on their way to the sink at one time.
    private static let runsSideBySide = 8

    func run() async throws {
        await withGracefulShutdownHandler {
            while !Task.isShuttingDownGracefully, !Task.isCancelled {
                let seen = revised.generation
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
    private func deliverWhatWaits() async throws -> Duration {
        // What was appended cannot be taken back, so there a run comes when it is whole.
        let waiting = try await inbox.reader.undelivered(
            sink: sink.name, settledOnly: sink.mode == .appending, nowUnixNano: clock.now,
            limit: 256)
        await forEach(waiting, atATime: Self.runsSideBySide) { delivery in
            if Task.isShuttingDownGracefully { return }
            do {
                try await deliver(delivery)
            } catch {
                await failed(delivery, error)
            }
        }
        guard waiting.isEmpty else { return .zero }
        let now = clock.now
        let next = try await inbox.reader.nextAttemptUnixNano(
            sink: sink.name, afterUnixNano: now)
        return min(.seconds(30), .nanoseconds(max(1, (next ?? .max) - now)))
    }

    private func deliver(_ delivery: Delivery) async throws {
        let run = delivery.run
        defer {
            if sink.mode == .replacing { undelivered.remove(run.key) }
            delivered.raise()
        }
        let pins = try await pins(of: run)
        guard
            let made = try await mending.mend(
                run.key, atLeastThrough: run.mendedThrough, pins: pins)
        else { throw AssemblyError.sourcesMissing }
        let mended = sink.mode == .appending ? made.run.without(pins) : made.run
        let revision = Revision(
            runID: run.key.id, rolloutID: run.key.rolloutID, attemptID: run.key.attemptID,
            number: run.revision, isSettled: run.isSettled, run: mended)
        do {
            if !mended.spans.isEmpty { try await sink.deliver(revision) }
            try await inbox.delivered(
                sink: sink.name, run: run.key, revision: run.revision,
                throughRequest: run.mendedThrough, isSettled: run.isSettled,
                pins: sink.mode == .appending ? mended.pins : [])
            metrics.add(.deliveries, labels: ["sink": sink.name, "result": "delivered"])
            metrics.add(.deliveredSpans, mended.spans.count, labels: ["sink": sink.name])
        } catch let error as SinkError {
            try await fail(delivery, error)
        }
    }

    /// What failed here and not at the sink, such as reading the run, is tried again as well.
    private func failed(_ delivery: Delivery, _ error: any Error) async {
        do {
            try await fail(delivery, .retryable(reason: "\(error)", after: nil))
        } catch {
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
            let pause = retry.delay(
                attempt: delivery.attempts + 1, retryAfter: after, random: .random(in: 0..<1))
            try await inbox.failed(
                sink: sink.name, run: key, error: reason,
                retryAtUnixNano: clock.now + pause.nanoseconds)
            metrics.add(.deliveries, labels: ["sink": sink.name, "result": "retried"])
            logger.warning(
                "a delivery failed and will be tried again",
                metadata: ["sink": "\(sink.name)", "run": "\(key.id)", "reason": "\(reason)"])
        case .permanent(let reason):
            try await inbox.park(sink: sink.name, run: key, error: reason)
            metrics.add(.deliveries, labels: ["sink": sink.name, "result": "parked"])
            logger.error(
                "a run is parked: this sink will not take it",
                metadata: ["sink": "\(sink.name)", "run": "\(key.id)", "reason": "\(reason)"])
        }
    }

    private func pins(of run: RunStatus) async throws -> Pins {
        guard sink.mode == .appending else { return .none }
        var pins = Pins()
        for pin in try await inbox.reader.pins(sink: sink.name, run: run.key) {
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
