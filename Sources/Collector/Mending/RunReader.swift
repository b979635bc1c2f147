import Compression
import Inbox
import Logging
import OTLP

/// A request that feeds a run: decoded already, or its body.
struct RequestSource: Sendable {
    enum Content: Sendable {
        case batch(TraceBatch)
        case body([UInt8])
        /// Left out: the run is larger than the limit.
        case excess
        /// The file that held the body is gone.
        case missing
    }

    var stored: StoredRequest
    var content: Content

    var isMissing: Bool {
        if case .missing = content { true } else { false }
    }
}

/// A request that feeds a run, decoded.
struct DecodedRequest: Sendable {
    var id: Int64
    var context: RequestContext
    var batch: TraceBatch
}

/// Why a run could not be read.
enum RunReadingError: Error, CustomStringConvertible {
    case unknownRun
    case bodyGone(request: Int64)

    var description: String {
        switch self {
        case .unknownRun: "the inbox knows no such run"
        case .bodyGone(let request): "the body of request \(request) is no longer kept"
        }
    }
}

/// Reads what feeds a run, and decodes each request a few times at most, however many runs it
/// feeds.
struct RunReader: Sendable {
    let inbox: Inbox
    let keys: KeyTable
    let limits: Limits
    let metrics: Metrics
    let logger: Logger
    private let decoded: RecentlyUsed<Int64, TraceBatch>

    init(inbox: Inbox, keys: KeyTable, limits: Limits, metrics: Metrics, logger: Logger) {
        self.inbox = inbox
        self.keys = keys
        self.limits = limits
        self.metrics = metrics
        self.logger = logger
        decoded = RecentlyUsed(limit: limits.decodedCacheBytes)
    }

    /// What feeds a run, as far as the reach goes. What is returned stays, whatever leaves the
    /// cache meanwhile.
    func read(
        _ key: RunKey, _ reach: RunMending.Reach
    ) async throws -> (RunSources, [RequestSource]) {
        var attempts = 0
        while true {
            guard var sources = try await inbox.reader.sources(of: key) else {
                throw RunReadingError.unknownRun
            }
            if case .exactly(let through) = reach {
                sources.throughRequest = through
                sources.requests.removeAll { $0.id > through }
            }
            do {
                return (sources, try await contents(of: sources.requests))
            } catch RunReadingError.bodyGone(let request) where attempts < 3 {
                // Retention took it between the two looks; the next one knows.
                logger.debug(
                    "a body went while its run was read", metadata: ["request": "\(request)"])
                attempts += 1
            }
        }
    }

    private func contents(of requests: [StoredRequest]) async throws -> [RequestSource] {
        var contents: [RequestSource] = []
        var bytes = 0
        for stored in requests {
            bytes += stored.bytes
            if bytes > limits.runBytes {
                contents.append(RequestSource(stored: stored, content: .excess))
            } else if let batch = decoded[stored.id] {
                contents.append(RequestSource(stored: stored, content: .batch(batch)))
            } else {
                contents.append(RequestSource(stored: stored, content: try await body(of: stored)))
            }
        }
        return contents
    }

    private func body(of stored: StoredRequest) async throws -> RequestSource.Content {
        do {
            guard let body = try await inbox.reader.body(ofRequest: stored.id) else {
                throw RunReadingError.bodyGone(request: stored.id)
            }
            return .body(body)
        } catch InboxError.bodyMissing(let path, let message) {
            // It never comes, and the run's other requests must not wait for it.
            metrics.add(.mendingFailures)
            logger.error(
                "a kept request cannot be read again",
                metadata: ["request": "\(stored.id)", "reason": "\(path): \(message)"])
            return .missing
        }
    }

    /// Decodes what is not decoded yet; what is left out is told in the notes.
    func decode(_ requests: [RequestSource], notes: inout [String]) -> [DecodedRequest] {
        var result: [DecodedRequest] = []
        var bytes = 0
        var excess = 0
        for request in requests {
            let batch: TraceBatch
            switch request.content {
            case .batch(let known): batch = known
            case .body(let body):
                guard bytes <= limits.runBytes, let made = decode(request.stored, body) else {
                    excess += 1
                    continue
                }
                batch = made
            case .excess, .missing:
                excess += 1
                continue
            }
            bytes += batch.memoryBytes
            result.append(
                DecodedRequest(
                    id: request.stored.id, context: request.stored.context, batch: batch))
        }
        if excess > 0 {
            notes.append(
                "\(excess) requests are left out: the run exceeds \(limits.runBytes) bytes, "
                    + "or they cannot be read again")
        }
        return result
    }

    private func decode(_ stored: StoredRequest, _ body: [UInt8]) -> TraceBatch? {
        do {
            let (batch, _) = try readBody(
                body, of: stored.kind, ContentEncoding(stored.encoding),
                BodyFormat(stored.mediaType), limits: limits, keys: keys)
            decoded.insert(batch, for: stored.id, weight: batch.memoryBytes)
            return batch
        } catch {
            // It was decoded before it was kept: only a damaged file or a smaller limit leads here.
            metrics.add(.mendingFailures)
            logger.error(
                "a kept request cannot be read again",
                metadata: ["request": "\(stored.id)", "reason": "\(error)"])
            return nil
        }
    }
}
