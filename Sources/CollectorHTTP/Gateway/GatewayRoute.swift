import Foundation
import OTLP

/// What a request to the store means for the runs that are on their way there.
///
/// Source: the routes of `agentlightning/store/client_server.py` in Agent-lightning 0.3.0.
enum GatewayRoute: Hashable {
    /// Nothing: it is passed through as it comes.
    case pass
    /// It may say that a rollout or an attempt is over; its body tells. No attempt means all.
    case update(rollout: String, attempt: String?)
    /// It reads spans; the query or, for a POST, the body names the rollout.
    case search(rollout: String?, attempt: String?)

    /// - Parameters:
    ///   - path: percent-encoded.
    ///   - query: the value of one parameter, decoded.
    /// - Returns: nil for paths that are not the store's.
    init?(method: String, path: String, query: (String) -> String?) {
        let segments = path.split(separator: "/").map { $0.removingPercentEncoding ?? String($0) }
        guard segments.starts(with: ["v1", "agl"]) else { return nil }
        switch (method, segments.count, Array(segments.dropFirst(2))) {
        case ("POST", 4, let rest) where rest[0] == "rollouts" && rest[1] != "search":
            self = .update(rollout: rest[1], attempt: nil)
        case ("POST", 6, let rest)
        where rest[0] == "rollouts" && rest[2] == "attempts" && rest[3] != "search":
            self = .update(rollout: rest[1], attempt: Self.named(rest[3]))
        case ("GET", 3, ["spans"]):
            self = .search(
                rollout: query("rollout_id"), attempt: query("attempt_id").flatMap(Self.named))
        case ("POST", 4, ["spans", "search"]): self = .search(rollout: nil, attempt: nil)
        default: self = .pass
        }
    }

    /// Whether the body has to be read before the request can be passed on.
    var needsBody: Bool {
        switch self {
        case .pass, .search(.some, _): false
        case .update, .search(nil, _): true
        }
    }

    /// The runs that the store must have before the request reaches it; nil where it need have none.
    func runsToDeliver(body: [UInt8]) -> (rollout: String, attempt: String?)? {
        switch self {
        case .pass: return nil
        case .search(let rollout?, let attempt): return (rollout, attempt)
        case .search(nil, _):
            guard let json = Self.json(body), let rollout = json["rollout_id"]?.string else {
                return nil
            }
            return (rollout, json["attempt_id"]?.string.flatMap(Self.named))
        case .update(let rollout, let attempt):
            guard let status = Self.json(body)?["status"]?.string,
                Self.finalStatuses.contains(status)
            else { return nil }
            return (rollout, attempt)
        }
    }

    /// "latest" is whichever attempt the store says it is: all are meant here.
    private static func named(_ attempt: String) -> String? {
        attempt == "latest" || attempt.isEmpty ? nil : attempt
    }

    /// What is no JSON is the store's to complain about.
    private static func json(_ body: [UInt8]) -> JSONValue? { try? JSONValue(parsing: body) }

    /// Of rollouts and of attempts.
    private static let finalStatuses: Set = ["succeeded", "failed", "cancelled", "timeout"]
}
