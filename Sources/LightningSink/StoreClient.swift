import Foundation
import OTLP
import OTLPSink
import Sinks

/// The parts of the store's JSON interface that deliveries need.
///
/// Source: `agentlightning/store/client_server.py` of Agent-lightning 0.3.0.
struct StoreClient: Sendable {
    let client: OTLPClient
    /// The store's address, without a slash at its end.
    let root: String

    /// Whether the store answers and is well.
    func isHealthy() async throws(SinkError) -> Bool {
        try await client.ask(root + "/v1/agl/health").status == 200
    }

    /// The attempt as the store knows it; nil where it does not.
    func attempt(_ id: String, of rollout: String) async throws(SinkError) -> StoredAttempt? {
        try await attempts(of: rollout).first { $0.id == id }
    }

    /// The attempts of a rollout, the first one first; none where the store does not know it.
    func attempts(of rollout: String) async throws(SinkError) -> [StoredAttempt] {
        let answer = try await client.ask(
            "\(root)/v1/agl/rollouts/\(encoded(rollout))/attempts?limit=-1",
            maximumAnswerBytes: Self.pageBytes)
        return (try json(of: answer)["items"]?.array ?? []).compactMap(StoredAttempt.init)
    }

    /// Says that an attempt is over.
    func finish(_ attempt: String, of rollout: String) async throws(SinkError) {
        let body: JSONValue = ["status": "succeeded"]
        let answer = try await client.ask(
            "\(root)/v1/agl/rollouts/\(encoded(rollout))/attempts/\(encoded(attempt))",
            json: body.serialized())
        if answer.status != 200 { throw .retryable(reason: answer.reason, after: nil) }
    }

    /// Tells the store that the attempt is alive.
    /// - Parameter isStarting: it is also no longer preparing.
    func keepAlive(
        _ attempt: String, of rollout: String, unixSeconds: Double, isStarting: Bool
    ) async throws(SinkError) {
        var members = [JSONValue.Member("last_heartbeat_time", .double(unixSeconds))]
        if isStarting { members.append(JSONValue.Member("status", "running")) }
        let answer = try await client.ask(
            "\(root)/v1/agl/rollouts/\(encoded(rollout))/attempts/\(encoded(attempt))",
            json: JSONValue.object(members).serialized())
        if answer.status != 200 { throw .retryable(reason: answer.reason, after: nil) }
    }

    /// What the store has of an attempt; nothing where it does not know it.
    func spans(rollout: String, attempt: String) async throws(SinkError) -> [StoredSpan] {
        var spans: [StoredSpan] = []
        while true {
            let query =
                "rollout_id=\(encoded(rollout))&attempt_id=\(encoded(attempt))"
                + "&limit=\(Self.spansOnPage)&offset=\(spans.count)"
            let page = try json(
                of: try await client.ask(
                    "\(root)/v1/agl/spans?\(query)", maximumAnswerBytes: Self.pageBytes))
            guard let items = page["items"]?.array else {
                throw .retryable(reason: "the store's list of spans has no items", after: nil)
            }
            let read = items.compactMap(StoredSpan.init)
            guard read.count == items.count else {
                throw .retryable(reason: "the store listed something that is no span", after: nil)
            }
            spans += read
            if items.count < Self.spansOnPage { return spans }
        }
    }

    /// The JSON of a successful answer.
    func json(of answer: Answer) throws(SinkError) -> JSONValue {
        if let failure = answer.failure(now: Int64(Date().timeIntervalSince1970)) {
            // The store answers 500 where it is in trouble: that says nothing about the run.
            if case .permanent(let reason) = failure {
                throw .retryable(reason: reason, after: nil)
            }
            throw failure
        }
        do {
            return try JSONValue(parsing: answer.body)
        } catch {
            throw .retryable(reason: "the store's answer is no JSON: \(error)", after: nil)
        }
    }

    /// A page of long conversations must still fit into `pageBytes`.
    private static let spansOnPage = 200
    private static let pageBytes = 256 << 20

    private func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: Self.unreserved) ?? text
    }

    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}

/// An attempt as the store tells it.
public struct StoredAttempt: Hashable, Sendable {
    public var id: String
    /// One of preparing, running, succeeded, failed, unresponsive and timeout.
    public var status: String

    /// Nobody works on it any more.
    public var isFinal: Bool { ["succeeded", "failed", "timeout", "cancelled"].contains(status) }

    /// Somebody works on it, as far as the store knows: an unresponsive one is thought dead.
    public var isRunning: Bool { ["preparing", "running"].contains(status) }

    init?(_ json: JSONValue) {
        guard let id = json["attempt_id"]?.string, let status = json["status"]?.string else {
            return nil
        }
        self.id = id
        self.status = status
    }
}

extension StoredSpan {
    /// A span object as the store lists it.
    init?(_ json: JSONValue) {
        guard let id = json["span_id"]?.string, case .int(let sequence)? = json["sequence_id"]
        else {
            return nil
        }
        // An id of another shape is none of ours, but its number counts.
        self.id = SpanID(hexadecimal: id) ?? .invalid
        self.sequence = sequence
        let seconds: Double
        switch json["start_time"] {
        case .double(let given)?: seconds = given
        case .int(let given)?: seconds = Double(given)
        default: seconds = 0
        }
        startUnixNano = UInt64(exactly: (seconds * 1e9).rounded()) ?? 0
    }
}
