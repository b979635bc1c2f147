import Synchronization

/// What the collector counts, in the text format of Prometheus.
///
/// Counters live here; gauges are given at the time of reading, by whoever knows them.
public final class Metrics: Sendable {
    /// A counter's name in the text, and what it counts.
    public enum Counter: String, CaseIterable, Sendable {
        case receivedRequests = "tracemend_received_requests_total"
        case receivedSpans = "tracemend_received_spans_total"
        case receivedLogRecords = "tracemend_received_log_records_total"
        case receivedBytes = "tracemend_received_bytes_total"
        case rejectedRequests = "tracemend_rejected_requests_total"
        case failedTLS = "tracemend_failed_tls_total"
        case rejectedSpans = "tracemend_rejected_spans_total"
        case ignoredSignals = "tracemend_ignored_signal_requests_total"
        case revisions = "tracemend_revisions_total"
        case mendedSpans = "tracemend_mended_spans_total"
        case dialectSpans = "tracemend_dialect_spans_total"
        case repairedSpans = "tracemend_repaired_spans_total"
        case deliveries = "tracemend_deliveries_total"
        case deliveredSpans = "tracemend_delivered_spans_total"
        case prunedSpans = "tracemend_pruned_spans_total"
        case mendingFailures = "tracemend_mending_failures_total"

        var help: String {
            switch self {
            case .receivedRequests: "Export requests that were acknowledged."
            case .receivedSpans: "Spans in acknowledged requests."
            case .receivedLogRecords: "Log records with GenAI content in acknowledged requests."
            case .receivedBytes: "Bytes of acknowledged request bodies, as received."
            case .rejectedRequests: "Export requests that were refused, by HTTP status."
            case .failedTLS: "Connections of the ingest listener whose TLS failed."
            case .rejectedSpans: "Spans refused by partial success, by reason."
            case .ignoredSignals: "Requests of signals that are acknowledged and not kept."
            case .revisions: "Runs mended, once for each revision."
            case .mendedSpans: "Spans mended, once for each revision."
            case .dialectSpans: "Spans mended, by the dialect they were written in."
            case .repairedSpans: "Spans whose parent was mended, by rule, once for each revision."
            case .deliveries: "Deliveries, by sink and result."
            case .deliveredSpans: "Spans delivered, by sink."
            case .prunedSpans: "Spans that left the archive over its age or size."
            case .mendingFailures: "Runs that could not be read back from the inbox."
            }
        }
    }

    private struct Series: Hashable, Comparable {
        var counter: Counter
        var labels: String

        static func < (left: Series, right: Series) -> Bool { left.labels < right.labels }
    }

    /// A number as it stands now.
    public struct Gauge: Sendable {
        public var name: String
        public var help: String
        public var labels: [String: String]
        public var value: Double

        public init(name: String, help: String, labels: [String: String] = [:], value: Double) {
            self.name = name
            self.help = help
            self.labels = labels
            self.value = value
        }
    }

    private let counts = Mutex<[Series: UInt64]>([:])

    public init() {}

    /// Adds to a counter.
    public func add(_ counter: Counter, _ amount: Int = 1, labels: [String: String] = [:]) {
        guard amount > 0 else { return }
        let series = Series(counter: counter, labels: Self.text(of: labels))
        counts.withLock { $0[series, default: 0] &+= UInt64(amount) }
    }

    /// The exposition text: counters, then the given gauges.
    public func text(gauges: [Gauge]) -> String {
        let counts = counts.withLock { $0 }
        var text = ""
        for counter in Counter.allCases {
            let series = counts.keys.filter { $0.counter == counter }.sorted()
            text +=
                "# HELP \(counter.rawValue) \(counter.help)\n# TYPE \(counter.rawValue) counter\n"
            if series.isEmpty { text += "\(counter.rawValue) 0\n" }
            for one in series { text += "\(counter.rawValue)\(one.labels) \(counts[one] ?? 0)\n" }
        }
        var described: Set<String> = []
        for gauge in gauges {
            if described.insert(gauge.name).inserted {
                text += "# HELP \(gauge.name) \(gauge.help)\n# TYPE \(gauge.name) gauge\n"
            }
            text += "\(gauge.name)\(Self.text(of: gauge.labels)) \(gauge.value)\n"
        }
        return text
    }

    private static func text(of labels: [String: String]) -> String {
        guard !labels.isEmpty else { return "" }
        let pairs = labels.sorted { $0.key < $1.key }.map { name, value in
            let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
                .replacing("\n", with: "\\n")
            return "\(name)=\"\(escaped)\""
        }
        return "{" + pairs.joined(separator: ",") + "}"
    }
}
