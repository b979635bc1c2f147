import Collector
import NIOHTTP1

/// Who may send to the ingest listener: holders of a token, and pages of allowed origins.
struct IngestAccess: Sendable {
    private let tokens: [Secret]
    private let origins: Set<String>

    init(tokens: [Secret], allowedOrigins: [String]) {
        self.tokens = tokens
        origins = Set(allowedOrigins)
    }

    /// Whether a request shows one of the tokens; every one is compared, in constant time.
    ///
    /// Health checks need none. The scheme's case counts for nothing: RFC 9110, section 11.1.
    func isAuthorized(_ headers: HTTPHeaders, path: String) -> Bool {
        guard !tokens.isEmpty, path != "/healthz" else { return true }
        let parts = (headers.first(name: "authorization") ?? "").split(
            separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return false }
        let shown = String(parts[1])
        return tokens.map { constantTimeEqual(shown, $0.value) }.contains(true)
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
            return IngestOutcome(
                plain: 403, "pages of \(origin) may not export here (cors.allowed_origins)\n")
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

/// Compares without telling by its duration where the texts differ.
func constantTimeEqual(_ left: String, _ right: String) -> Bool {
    let (a, b) = (Array(left.utf8), Array(right.utf8))
    var difference = a.count ^ b.count
    for (index, byte) in a.enumerated() {
        difference |= Int(byte ^ (b.isEmpty ? 0 : b[index % b.count]))
    }
    return difference == 0
}
