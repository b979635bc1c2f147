public import Inbox
public import OTLP

/// How far each sink is, what was given up for it, and how that is tried again.
public struct SinkDeliveries: Sendable {
    let inbox: Inbox
    let sinks: [String]
    let health: [String: SinkHealth]
    let clock: UnixClock
    /// Called when there is something to deliver again.
    let retried: @Sendable () -> Void

    /// What came of asking for deliveries again.
    public enum Redelivery: Sendable {
        /// So many deliveries are tried again.
        case tried(Int)
        /// The names of those that there are.
        case unknownSink(String)
    }

    /// Runs that are listed for each sink.
    private static let listedRuns = 1000

    /// `{"sinks": [{"sink", "state", …}], "runs": [{"sink", "run", "state", "error", …}]}`: every
    /// sink, and the runs that were given up or whose last delivery failed.
    public func json() async throws -> JSONValue {
        var summaries: [JSONValue] = []
        for sink in sinks { summaries.append(try await summary(of: sink)) }
        let parked = try await inbox.reader.deliveries(in: .parked, limit: Self.listedRuns)
        let failed = try await inbox.reader.failedDeliveries(limit: Self.listedRuns)
        return ["sinks": .array(summaries), "runs": .array((parked + failed).map(json))]
    }

    /// Tries again what was given up, and does not wait for a sink that is away.
    /// - Parameters: a sink or a run, or nil for all.
    public func redeliver(sink: String?, run: RunKey?) async throws -> Redelivery {
        if let sink, !sinks.contains(sink) {
            return .unknownSink(sinks.joined(separator: ", "))
        }
        let count = try await inbox.unpark(sink: sink, run: run)
        for (name, health) in health where sink == nil || sink == name { health.forgive() }
        retried()
        return .tried(count)
    }

    /// What `/metrics` shows of each sink.
    func gauges() async throws -> [Metrics.Gauge] {
        var gauges: [Metrics.Gauge] = []
        for sink in sinks {
            let counts = try await inbox.reader.deliveryCounts(sink: sink)
            let failures = health[sink]?.failures ?? 0
            let values: [(String, String, Double)] = [
                (
                    "tracemend_sink_up", "1 while the last delivery succeeded.",
                    failures == 0 ? 1 : 0
                ),
                (
                    "tracemend_sink_failures", "Failed deliveries since the last success.",
                    Double(failures)
                ),
                (
                    "tracemend_sink_retry_seconds", "Until a sink that is away is asked again.",
                    Double(pauseNanoseconds(of: sink)) / 1e9
                ),
                (
                    "tracemend_sink_waiting_runs", "Runs of which the sink has not got all.",
                    Double(counts.waiting)
                ),
                (
                    "tracemend_sink_parked_runs", "Runs that were given up for the sink.",
                    Double(counts.parked)
                ),
            ]
            gauges += values.map { name, help, value in
                Metrics.Gauge(name: name, help: help, labels: ["sink": sink], value: value)
            }
        }
        // The text format wants all values of one name together.
        return gauges.enumerated().sorted {
            ($0.element.name, $0.offset) < ($1.element.name, $1.offset)
        }.map(\.element)
    }

    private func summary(of sink: String) async throws -> JSONValue {
        let counts = try await inbox.reader.deliveryCounts(sink: sink)
        let failures = health[sink]?.failures ?? 0
        return [
            "sink": .string(sink),
            "state": failures == 0 ? "up" : "away",
            "failures": .int(Int64(failures)),
            "retry_after_seconds": .double(Double(pauseNanoseconds(of: sink)) / 1e9),
            "waiting": .int(Int64(counts.waiting)),
            "parked": .int(Int64(counts.parked)),
        ]
    }

    private func pauseNanoseconds(of sink: String) -> Int64 {
        max(0, (health[sink]?.retryUnixNano ?? 0).subtracting(clock.now))
    }

    private func json(_ delivery: Delivery) -> JSONValue {
        [
            "sink": .string(delivery.sink),
            "run": .string(delivery.run.key.id),
            "state": .string(delivery.state.rawValue),
            "attempts": .int(Int64(delivery.attempts)),
            "error": delivery.error.map { .string($0) } ?? .null,
        ]
    }
}
