import Collector
import Inbox
import OTLP

/// A request to close a run, and how long to wait until every sink has it.
struct RunClosing: Sendable {
    var run: RunKey
    var wait: Duration
}

extension Pipeline {
    /// Answers a request to close a run: 200 when every sink has it, 202 with the state of each at
    /// the time-out, 404 where nobody knows the run, 503 where that cannot be written.
    func close(_ closing: RunClosing) async -> IngestOutcome {
        do {
            guard let deliveries = try await close(closing.run, wait: closing.wait) else {
                return IngestOutcome(
                    json: 404, ["error": .string("no run \(closing.run.id) is known here")])
            }
            let isDone = deliveries.allSatisfy(\.isDelivered)
            return IngestOutcome(
                json: isDone ? 200 : 202,
                [
                    "run": .string(closing.run.id),
                    "sinks": .array(deliveries.map(\.json)),
                ])
        } catch {
            return receiver.refuseClosing(closing.run, error)
        }
    }
}
