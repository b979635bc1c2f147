import Collector
import NIOHTTP1
import OTLP

/// Who may send to the ingest listener: holders of a token, and pages of allowed origins.
struct IngestAccess: Sendable {
    private let tokens: AccessTokens
    private let origins: Set<String>

    init(tokens: [Secret], allowedOrigins: [String]) {
        self.tokens = AccessTokens(tokens)
        origins = Set(allowedOrigins)
    }

    /// Whether a request shows one of the tokens. Health checks need none.
    func isAuthorized(_ headers: HTTPHeaders, path: String) -> Bool {
        path == "/healthz" || tokens.isEmpty || tokens.admit(headers.first(name: "authorization"))
    }

    /// What tells a browser that the page may read the answer; nothing for other clients.
    func corsHeaders(_ headers: HTTPHeaders) -> [String: String] {
        guard let origin = headers.first(name: "origin"), allows(origin) else { return [:] }
        return ["Access-Control-Allow-Origin": origin, "Vary": "Origin"]
    }

    /// The answer to a browser that asks before it sends; nil for requests that do not ask.
    ///
    /// Source: Fetch standard, "CORS-preflight fetch".
    func preflight(_ head: HTTPRequestHead) -> IngestOutcome? {
        guard head.method == .OPTIONS, !origins.isEmpty,
            let origin = head.headers.first(name: "origin"),
            head.headers.contains(name: "access-control-request-method")
        else { return nil }
        guard allows(origin) else {
            let status = RPCStatus(
                .permissionDenied, "pages of \(origin) may not export here (cors.allowed_origins)")
            return IngestOutcome(status: 403, mediaType: "application/json", body: status.json())
        }
        var outcome = IngestOutcome(status: 204)
        outcome.headers = [
            "Access-Control-Allow-Methods": "POST",
            // Exporters add headers of their own, so what is asked for is allowed.
            "Access-Control-Allow-Headers":
                head.headers.first(name: "access-control-request-headers")
                ?? "content-type, content-encoding, authorization",
            "Access-Control-Max-Age": "7200",
        ]
        return outcome
    }

    private func allows(_ origin: String) -> Bool {
        origins.contains("*") || origins.contains(origin)
    }
}
