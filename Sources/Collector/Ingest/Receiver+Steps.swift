import Foundation
import Logging
public import Inbox
public import OTLP

/// What a request's head leads to.
public enum IngestStep: Sendable {
    /// The body is wanted.
    case read(IngestExchange)
    /// It is answered already; what is left of the body counts for nothing.
    case answer(IngestOutcome)
    /// The run is to be closed, and waited for so long.
    case close(RunKey, wait: Duration)
}

extension Receiver {
    /// Judges a head before any byte of the body is read; nil for paths of nobody.
    ///
    /// - Parameter sender: who sends on the connection, where that is known.
    public func step(for head: IngestHead, from sender: Sender? = nil) -> IngestStep? {
        guard let route = IngestRoute(path: head.path) else { return nil }
        guard route.methods.contains(head.method) else {
            let allowed = route.methods.joined(separator: ", ")
            var outcome = refuse(
                405, .unimplemented, "\(head.method) is not for this path; allowed: \(allowed)",
                head)
            outcome.headers["Allow"] = allowed
            return .answer(outcome)
        }
        switch route {
        case .health: return .answer(IngestOutcome(plain: 200, "ok\n"))
        case .close(let rollout, let attempt):
            guard let wait = IngestHead.wait(inQuery: head.query) else {
                return .answer(.unusableWait)
            }
            return .close(.attempt(rollout: rollout, attempt: attempt), wait: wait)
        case .traces, .logs, .ignored:
            switch begin(head, route: route, from: sender) {
            case .read(let exchange): return .read(exchange)
            case .refuse(let outcome): return .answer(outcome)
            }
        }
    }

    /// The answer for a path of nobody.
    public func unknownPath(_ head: IngestHead?) -> IngestOutcome {
        refuse(404, .notFound, "no such path; traces go to POST /v1/traces", head)
    }

    /// Refuses a request that is no HTTP, came too slowly, from the wrong page, without the right
    /// token, or for what is not here, with a `Status` in the format of the request.
    public func refuse(_ status: Int, _ code: RPCCode, _ message: String, _ head: IngestHead?)
        -> IngestOutcome
    {
        refusal(
            status, code, message,
            // Who tells no format reads letters more easily.
            in: head.flatMap { BodyFormat(contentType: $0.mediaType) } ?? .json)
    }
}

extension Receiver {
    /// Counts a connection whose TLS failed, and tells why: a client that trusts another authority
    /// is not heard of otherwise.
    public func noteFailedTLS(_ reason: String) {
        metrics.add(.failedTLS)
        log.log(
            .warning, "a client's TLS failed; see tls.certificate and tls.client_ca",
            ["reason": "\(reason)"])
    }
}

extension Receiver {
    /// The answer where a run could not be closed. What a client may not know, such as paths, is for
    /// the log.
    public func refuseClosing(_ run: RunKey, _ error: any Error) -> IngestOutcome {
        log.log(.error, "a run could not be closed", ["run": "\(run.id)", "reason": "\(error)"])
        var outcome = IngestOutcome(
            json: 503,
            [
                "error":
                    "the run was not closed: the collector cannot write, or is stopping; try again"
            ])
        outcome.headers["Retry-After"] = "\(limits.retryAfterSeconds)"
        return outcome
    }
}

extension IngestHead {
    /// `wait` of a query; nothing is "do not wait", nil what is no duration up to ten minutes.
    public static func wait(inQuery query: String?) -> Duration? {
        let items = URLComponents(string: "?" + (query ?? ""))?.queryItems
        guard let text = items?.first(where: { $0.name == "wait" })?.value else { return .zero }
        guard let wait = Duration(configuration: text), wait <= .seconds(600) else { return nil }
        return wait
    }
}

extension IngestOutcome {
    public static let unusableWait = IngestOutcome(
        json: 400, ["error": "wait: expected a duration up to 10m, such as 30s"])

    public init(plain status: Int, _ text: String) {
        self.init(
            status: status, mediaType: "text/plain; charset=utf-8", body: Array(text.utf8))
    }

    public init(json status: Int, _ value: JSONValue) {
        self.init(status: status, mediaType: "application/json", body: value.serialized())
    }
}
