import Compression
import Inbox
import Logging
import OTLP
import Synchronization

/// One request between its head and its answer. Its room is given back when it goes.
public final class IngestExchange: Sendable {
    private struct State {
        var body: [UInt8] = []
        /// Bytes that came and are not kept.
        var ignored = 0
        /// Bytes taken of `receiver.bytesInFlight`.
        var taken: Int
        /// The body came to its end.
        var isWhole = false
        /// The body had to make room for others.
        var isGivenUp = false
    }

    private enum Addition {
        case added, tooLarge, givenUp
        case heldBack(service: String)
        case noRoom(bytes: Int)
    }

    private let receiver: Receiver
    private let head: IngestHead
    private let route: IngestRoute
    private let encoding: BodyFormat
    private let compression: ContentEncoding
    private let sender: Sender?
    /// The service that sent last on this connection, if that sends most of all.
    private let runaway: String?
    private let state: Mutex<State>

    init(
        receiver: Receiver, head: IngestHead, route: IngestRoute, encoding: BodyFormat,
        compression: ContentEncoding, expected: Int, sender: Sender?, runaway: String?
    ) {
        self.receiver = receiver
        self.head = head
        self.route = route
        self.encoding = encoding
        self.compression = compression
        self.sender = sender
        self.runaway = runaway
        var state = State(taken: 0)
        // A client may tell more than it ever sends.
        state.body.reserveCapacity(min(expected, 1 << 20))
        self.state = Mutex(state)
    }

    deinit {
        giveBackRoom()
        receiver.unfinished.remove(ObjectIdentifier(self))
    }

    private func giveBackRoom() {
        let taken = state.withLock { state in
            defer { state.taken = 0 }
            return state.taken
        }
        receiver.bytesInFlight.give(back: taken)
    }

    /// Takes the next bytes of the body.
    /// - Returns: an answer where no more can be taken; the rest of the body is not read then.
    public func append(_ bytes: some Collection<UInt8>) -> IngestOutcome? {
        var addition = state.withLock { add(bytes, to: &$0) }
        // Others are asked to go without the lock, since they may be asking this one.
        if case .noRoom(let missing) = addition, receiver.makeRoom(for: missing) {
            addition = state.withLock { add(bytes, to: &$0) }
        }
        switch addition {
        case .added: return nil
        case .noRoom, .givenUp: return receiver.overloaded(in: encoding)
        case .heldBack(let service): return receiver.heldBack(service, in: encoding)
        case .tooLarge:
            return receiver.refuseSize(
                head, "the body has more than \(receiver.limits.bodyBytes) bytes", in: encoding)
        }
    }

    private func add(_ bytes: some Collection<UInt8>, to state: inout State) -> Addition {
        guard !state.isGivenUp else { return .givenUp }
        let size = state.body.count + state.ignored + bytes.count
        guard size <= receiver.limits.bodyBytes else { return .tooLarge }
        // What is not kept needs no room.
        guard route.isKept else {
            state.ignored = size
            return .added
        }
        if size > state.taken {
            if let runaway, !receiver.hasRoomForRunaways(size - state.taken, own: state.taken) {
                return .heldBack(service: runaway)
            }
            guard receiver.bytesInFlight.take(size - state.taken) else {
                return .noRoom(bytes: size - state.taken)
            }
            state.taken = size
        }
        let step = UnfinishedBodies.leastBytes
        let isStep = size / step > state.body.count / step
        state.body.append(contentsOf: bytes)
        if isStep { receiver.unfinished.note(self, bytes: size, nowUnixNano: receiver.clock.now) }
        return .added
    }

    /// Lets an unfinished body go, since it comes slowly and others need the room.
    func giveUp() {
        let taken = state.withLock { state in
            guard !state.isWhole, !state.isGivenUp else { return 0 }
            state.isGivenUp = true
            state.body = []
            defer { state.taken = 0 }
            return state.taken
        }
        receiver.bytesInFlight.give(back: taken)
    }

    /// Whether the body is there; from here on it is not given up any more.
    private func isWhole() -> Bool {
        receiver.unfinished.remove(ObjectIdentifier(self))
        return state.withLock { state in
            state.isWhole = true
            return !state.isGivenUp
        }
    }

    /// Answers a body that came to its end, once what it holds is kept.
    public func finish() async -> IngestOutcome {
        await withCheckedContinuation { waiter in finish { waiter.resume(returning: $0) } }
    }

    /// Answers a body that came to its end, once what it holds is kept.
    ///
    /// Small bodies are decoded on the calling thread, others wait for one of the decoding lanes.
    /// - Parameter answer: called once, on any thread.
    public func finish(_ answer: @escaping @Sendable (IngestOutcome) -> Void) {
        guard isWhole() else { return answer(receiver.overloaded(in: encoding)) }
        // Who has the answer finds the room free again.
        decide { outcome in
            self.giveBackRoom()
            answer(outcome)
        }
    }

    private func decide(_ answer: @escaping @Sendable (IngestOutcome) -> Void) {
        switch route {
        case .traces(let rollout, let attempt):
            decode(.traces, context(pathRollout: rollout, pathAttempt: attempt), answer)
        case .logs(let rollout, let attempt):
            decode(.logs, context(pathRollout: rollout, pathAttempt: attempt), answer)
        case .ignored(let signal): answer(ignored(signal: signal))
        case .close, .health: answer(success(rejected: 0, message: ""))
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
        return success(rejected: 0, message: "")
    }

    private func decode(
        _ signal: RequestKind, _ context: RequestContext,
        _ answer: @escaping @Sendable (IngestOutcome) -> Void
    ) {
        let body = state.withLock { $0.body }
        let room = DecodingRoom(told: body, compression, receiver.limits)
        if DecodingRoom.isSmall(body, compression) {
            keep(body, in: room, signal, context, answer)
        } else {
            run(body, in: room, signal, context, answer)
        }
    }

    private func run(
        _ body: [UInt8], in room: DecodingRoom, _ signal: RequestKind, _ context: RequestContext,
        _ answer: @escaping @Sendable (IngestOutcome) -> Void
    ) {
        receiver.lanes.run(bytes: room.bytes(compression)) {
            self.keep(body, in: room, signal, context, answer)
        }
    }

    private func keep(
        _ body: [UInt8], in room: DecodingRoom, _ signal: RequestKind, _ context: RequestContext,
        _ answer: @escaping @Sendable (IngestOutcome) -> Void
    ) {
        let read: ReadRequest
        do {
            read = try self.read(body, in: room, signal, context)
        } catch {
            if let larger = room.larger(for: error, body, compression, receiver.limits) {
                return run(body, in: larger, signal, context, answer)
            }
            logRefusal(error, bytes: body.count)
            return answer(
                receiver.refusal(error.status, error.code, error.description, in: encoding))
        }
        receiver.metrics.add(
            .rejectedSpans, read.rejected, labels: ["reason": "unusable_id"])
        guard read.records > 0 else {
            return answer(
                signal == .logs
                    ? ignored(signal: "logs")
                    : success(rejected: read.rejected, message: read.message))
        }
        if let sender { sender.service = read.service }
        if let service = read.service,
            receiver.isRunningAway(service, bytes: body.count, taken: body.count)
        {
            return answer(receiver.heldBack(service, in: encoding))
        }
        let request = AcceptedRequest(
            receivedUnixNano: receiver.clock.now, kind: signal,
            mediaType: RequestMediaType(encoding), encoding: RequestEncoding(compression),
            context: context, feeds: read.feeds, body: body)
        receiver.inbox.append(request) { result in
            switch result {
            case .failure(let error):
                self.receiver.log.log(
                    .error, "a request could not be kept", ["reason": "\(error)"])
                answer(
                    self.receiver.refusal(503, .unavailable, self.reason(error), in: self.encoding))
            case .success:
                self.count(read.records, signal, bytes: body.count)
                answer(self.success(rejected: read.rejected, message: read.message))
            }
        }
    }

    /// What is left of a request once its records are not needed any more.
    private struct ReadRequest {
        var feeds: RequestFeeds
        var records: Int
        var rejected: Int
        var message: String
        var service: String?
    }

    private func read(
        _ body: [UInt8], in room: DecodingRoom, _ signal: RequestKind, _ context: RequestContext
    ) throws(BodyError) -> ReadRequest {
        let (batch, report) = try receiver.decode(
            body, of: signal, compression, encoding, in: room)
        let service = batch.resources.first.flatMap { resource in
            batch.value("service.name", in: resource.attributes)?.stringValue
        }
        return ReadRequest(
            feeds: RequestFeeds(batch, context: context, runKeyAttributes: receiver.runKey),
            records: batch.spans.count, rejected: report.rejectedSpans,
            message: warnings(of: batch, report), service: service)
    }

    private func count(_ records: Int, _ signal: RequestKind, bytes: Int) {
        receiver.metrics.add(.receivedRequests)
        switch signal {
        case .traces: receiver.metrics.add(.receivedSpans, records)
        case .logs: receiver.metrics.add(.receivedLogRecords, records)
        }
        receiver.metrics.add(.receivedBytes, bytes)
        receiver.arrival.raise()
    }

    /// What a client may know of it: paths and the database's words are for the log.
    private func reason(_ error: InboxError) -> String {
        switch error {
        case .closed: "not kept: the collector is stopping; try again"
        case .full: "not kept: the inbox is full; try again later"
        case .newerSchema, .notDurable, .lost, .database, .bodyMissing:
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
        receiver.log.log(
            .warning, "refused a request body",
            ["reason": "\(error)", "status": "\(error.status)", "bytes": "\(bytes)"])
    }

    /// The three services answer alike: no log record is ever rejected, so the one field whose
    /// name differs is not written for them.
    private func success(rejected: Int, message: String) -> IngestOutcome {
        let response = ExportTraceServiceResponse(
            rejectedSpans: Int64(rejected), errorMessage: message)
        return IngestOutcome(
            status: 200, mediaType: encoding.mediaType,
            body: encoding == .json ? response.json() : response.protobuf())
    }
}
