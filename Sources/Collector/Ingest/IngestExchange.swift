import Compression
import Inbox
import Logging
import OTLP
import Synchronization

/// One request between its head and its answer. Its room is given back when it goes.
public final class IngestExchange: Sendable {
    private struct State {
        var body: [UInt8] = []
        /// Bytes taken of `receiver.bytesInFlight`.
        var taken: Int
    }

    private let receiver: Receiver
    private let head: IngestHead
    private let route: IngestRoute
    private let encoding: BodyFormat
    private let compression: ContentEncoding
    private let state: Mutex<State>

    init(
        receiver: Receiver, head: IngestHead, route: IngestRoute, encoding: BodyFormat,
        compression: ContentEncoding, expected: Int
    ) {
        self.receiver = receiver
        self.head = head
        self.route = route
        self.encoding = encoding
        self.compression = compression
        var state = State(taken: 0)
        // A client may tell more than it ever sends.
        state.body.reserveCapacity(min(expected, 1 << 20))
        self.state = Mutex(state)
    }

    deinit {
        receiver.bytesInFlight.give(back: state.withLock { $0.taken })
    }

    /// Takes the next bytes of the body.
    /// - Returns: an answer where no more can be taken; the rest of the body is not read then.
    public func append(_ bytes: some Collection<UInt8>) -> IngestOutcome? {
        state.withLock { state in
            let size = state.body.count + bytes.count
            guard size <= receiver.limits.bodyBytes else {
                return receiver.refusal(
                    413, .resourceExhausted,
                    receiver.tooLarge("the body has more than \(receiver.limits.bodyBytes) bytes"),
                    in: encoding)
            }
            if size > state.taken {
                guard receiver.bytesInFlight.take(size - state.taken) else {
                    return receiver.overloaded(in: encoding)
                }
                state.taken = size
            }
            state.body.append(contentsOf: bytes)
            return nil
        }
    }

    /// Answers a body that came to its end, once what it holds is kept.
    public func finish() async -> IngestOutcome {
        switch route {
        case .traces(let rollout, let attempt):
            await keep(.traces, context(pathRollout: rollout, pathAttempt: attempt))
        case .logs(let rollout, let attempt):
            await keep(.logs, context(pathRollout: rollout, pathAttempt: attempt))
        case .metrics: ignored(signal: "metrics")
        case .close, .health: answer(rejected: 0, message: "")
        }
    }

    private func context(pathRollout: String?, pathAttempt: String?) -> RequestContext {
        RequestContext(
            pathRollout: pathRollout, pathAttempt: pathAttempt, headerRollout: head.rolloutID,
            headerAttempt: head.attemptID)
    }

    /// What is not kept is acknowledged all the same, so that an SDK with all signals on stays
    /// quiet.
    private func ignored(signal: String) -> IngestOutcome {
        receiver.metrics.add(.ignoredSignals, labels: ["signal": signal])
        return answer(rejected: 0, message: "")
    }

    private func keep(_ signal: RequestKind, _ context: RequestContext) async -> IngestOutcome {
        let body = state.withLock { $0.body }
        let batch: TraceBatch
        let report: IDReport
        do {
            (batch, report) = try receiver.decode(body, of: signal, compression, encoding)
        } catch {
            logRefusal(error, bytes: body.count)
            return receiver.refusal(error.status, error.code, error.description, in: encoding)
        }
        let rejected = report.rejectedSpans
        receiver.metrics.add(.rejectedSpans, rejected, labels: ["reason": "unusable_id"])
        let message = warnings(of: batch, report)
        guard !batch.spans.isEmpty else {
            if signal == .logs { return ignored(signal: "logs") }
            return answer(rejected: rejected, message: message)
        }
        let feeds = RequestFeeds(
            batch, context: context, runKeyAttributes: receiver.runKey)
        do {
            _ = try await receiver.inbox.append(
                AcceptedRequest(
                    receivedUnixNano: receiver.clock.now, kind: signal,
                    mediaType: RequestMediaType(encoding),
                    encoding: RequestEncoding(compression), context: context, feeds: feeds,
                    body: body))
        } catch {
            receiver.logger.error(
                "a request could not be kept", metadata: ["reason": "\(error)"])
            return receiver.refusal(503, .unavailable, reason(error), in: encoding)
        }
        receiver.metrics.add(.receivedRequests)
        switch signal {
        case .traces: receiver.metrics.add(.receivedSpans, batch.spans.count)
        case .logs: receiver.metrics.add(.receivedLogRecords, batch.spans.count)
        }
        receiver.metrics.add(.receivedBytes, body.count)
        receiver.arrival.raise()
        return answer(rejected: rejected, message: message)
    }

    /// What a client may know of it: paths and the database's words are for the log.
    private func reason(_ error: InboxError) -> String {
        switch error {
        case .closed: "not kept: the collector is stopping; try again"
        case .full: "not kept: the inbox is full; try again later"
        case .newerSchema, .notDurable, .database:
            "not kept: the collector cannot write; try again later"
        }
    }

    /// What was not taken as it came, in words for the sender; "" for full success.
    private func warnings(of batch: TraceBatch, _ report: IDReport) -> String {
        var warnings = report.message.isEmpty ? [] : [report.message]
        if batch.droppedDeepValues > 0 {
            warnings.append(
                "attributes dropped whose values nest deeper than "
                    + "\(TraceBatch.maximumValueDepth) levels: \(batch.droppedDeepValues)")
        }
        if batch.repairedStrings > 0 {
            warnings.append(
                "strings that were not UTF-8, bad bytes replaced by U+FFFD: "
                    + "\(batch.repairedStrings)")
        }
        if batch.obsoleteScopes > 0 {
            warnings.append(
                "instrumentationLibrarySpans, which OTLP 0.15 renamed scopeSpans, are not read; "
                    + "update the exporter: \(batch.obsoleteScopes)")
        }
        return warnings.joined(separator: ". ")
    }

    private func logRefusal(_ error: BodyError, bytes: Int) {
        receiver.logger.warning(
            "refused a request body",
            metadata: ["reason": "\(error)", "status": "\(error.status)", "bytes": "\(bytes)"])
    }

    /// The three services answer alike: no log record is ever rejected, so the one field whose
    /// name differs is not written for them.
    private func answer(rejected: Int, message: String) -> IngestOutcome {
        let response = ExportTraceServiceResponse(
            rejectedSpans: Int64(rejected), errorMessage: message)
        return IngestOutcome(
            status: 200, mediaType: encoding.mediaType,
            body: encoding == .json ? response.json() : response.protobuf())
    }
}
