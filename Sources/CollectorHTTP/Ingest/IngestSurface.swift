import Collector
import Inbox
import NIOHTTP1
import OTLP

/// What the connections of the ingest listener share.
struct IngestSurface: Sendable {
    /// What the head of a request may have.
    static let headBytes = 32 << 10

    let pipeline: Pipeline
    let access: IngestAccess
    let limits: Limits

    init(_ pipeline: Pipeline, _ configuration: Configuration) {
        self.pipeline = pipeline
        access = IngestAccess(
            tokens: configuration.tokens + configuration.fileTokens,
            allowedOrigins: configuration.allowedOrigins)
        limits = configuration.limits
    }

    func step(for head: HTTPRequestHead, _ request: IngestHead, from sender: Sender)
        -> IngestStep
    {
        if let preflight = access.preflight(head) { return .answer(preflight) }
        guard access.isAuthorized(head.headers, path: request.path) else {
            var outcome = pipeline.receiver.refuse(
                401, .unauthenticated,
                "a token is needed, as in \"Authorization: Bearer TOKEN\"; see OTEL_EXPORTER_OTLP_HEADERS",
                request)
            outcome.headers["WWW-Authenticate"] = "Bearer"
            return .answer(outcome)
        }
        return pipeline.receiver.step(for: request, from: sender)
            ?? .answer(pipeline.receiver.unknownPath(request))
    }

    func close(_ closing: RunClosing) async -> IngestOutcome { await pipeline.close(closing) }

    func refuse(_ status: Int, _ message: String, _ head: IngestHead?) -> IngestOutcome {
        pipeline.receiver.refuse(status, .invalidArgument, message, head)
    }
}
