import Foundation

/// Where a path of the ingest surface leads.
public enum IngestRoute: Hashable, Sendable {
    case traces(pathRollout: String?, pathAttempt: String?)
    case logs(pathRollout: String?, pathAttempt: String?)
    /// A signal that is acknowledged and not kept.
    case ignored(signal: String)
    case close(rollout: String, attempt: String)
    case health

    /// Reads a percent-encoded path; nil for paths of nobody.
    ///
    /// Empty segments count for nothing, so `//v1/traces/` is `/v1/traces`: a redirect would make
    /// some SDKs lose data in silence.
    public init?(path: String) {
        var segments = path.split(separator: "/").map { $0.removingPercentEncoding ?? String($0) }
        var rollout: String?
        var attempt: String?
        if segments.count >= 4, segments[0] == "rollout", segments[2] == "attempt" {
            rollout = segments[1]
            attempt = segments[3]
            segments.removeFirst(4)
        }
        switch segments {
        case ["v1", "traces"]: self = .traces(pathRollout: rollout, pathAttempt: attempt)
        case ["v1", "logs"]: self = .logs(pathRollout: rollout, pathAttempt: attempt)
        case ["v1", "metrics"]: self = .ignored(signal: "metrics")
        case ["v1development", "profiles"]: self = .ignored(signal: "profiles")
        case ["close"]:
            guard let rollout, let attempt else { return nil }
            self = .close(rollout: rollout, attempt: attempt)
        case ["healthz"] where rollout == nil: self = .health
        default: return nil
        }
    }

    /// Whether bodies are kept, and so need room.
    var isKept: Bool {
        if case .ignored = self { false } else { true }
    }

    /// The methods that the route takes, for `Allow`.
    public var methods: [String] {
        self == .health ? ["GET", "HEAD"] : ["POST"]
    }
}
