import Compression
import Inbox
import Logging
import OTLP

/// Takes export requests: checks, decodes, finds the runs that they feed, and keeps them.
///
/// It knows no HTTP server: `begin(_:)` judges a request's head, the exchange that it returns takes
/// the body piece by piece, and its `finish()` gives the answer.
public struct Receiver: Sendable {
    let inbox: Inbox
    let limits: Limits
    let runKey: [String]
    let metrics: Metrics
    let log: SeldomLog
    let clock: UnixClock
    let bytesInFlight: BytesInFlight
    let lanes: DecodingLanes
    let shares = ServiceShares()
    let unfinished = UnfinishedBodies()
    /// Raised when a request was kept.
    let arrival: Signal

    /// What a request's head leads to.
    public enum Beginning {
        case read(IngestExchange)
        case refuse(IngestOutcome)
    }

    /// Judges a head before any byte of the body is read.
    ///
    /// - Parameter sender: who sends on the connection, where that is known.
    public func begin(_ head: IngestHead, route: IngestRoute, from sender: Sender? = nil)
        -> Beginning
    {
        let encoding = BodyFormat(contentType: head.mediaType)
        func refuse(_ status: Int, _ code: RPCCode, _ message: String) -> Beginning {
            .refuse(refusal(status, code, message, in: encoding ?? .json))
        }
        guard let encoding else {
            let found = head.mediaType.map { "\"\($0)\"" } ?? "none"
            return refuse(
                415, .invalidArgument,
                "Content-Type: expected application/x-protobuf or application/json, found \(found)")
        }
        guard let compression = ContentEncoding(header: head.contentEncoding ?? "") else {
            return refuse(
                415, .invalidArgument,
                "Content-Encoding: expected gzip, deflate or identity, found \"\(head.contentEncoding ?? "")\""
            )
        }
        let told = head.contentLength ?? 0
        guard told <= limits.bodyBytes else {
            return .refuse(refuseSize(head, "the body has \(told) bytes", in: encoding))
        }
        let runaway = route.isKept ? runawayService(of: sender) : nil
        if let runaway, !hasRoomForRunaways(told, own: 0) {
            _ = shares.count(told, of: runaway, nowUnixNano: clock.now)
            return .refuse(heldBack(runaway, in: encoding))
        }
        // What is only told makes nobody go yet.
        guard
            route.isKept == false
                || unfinished.mayHaveRoom(for: told, in: bytesInFlight, nowUnixNano: clock.now)
        else { return .refuse(overloaded(in: encoding)) }
        return .read(
            IngestExchange(
                receiver: self, head: head, route: route, encoding: encoding,
                compression: compression, expected: told, sender: sender, runaway: runaway))
    }

    /// Whether a service is to be held back, since there is too much and it sends most of it.
    /// - Parameter taken: what its body has of the room.
    func isRunningAway(_ service: String, bytes: Int, taken: Int) -> Bool {
        shares.count(bytes, of: service, nowUnixNano: clock.now)
            && !hasRoomForRunaways(0, own: taken)
    }

    /// The service that the connection sent last, if that sends most of all.
    private func runawayService(of sender: Sender?) -> String? {
        guard let service = sender?.service,
            shares.count(0, of: service, nowUnixNano: clock.now)
        else { return nil }
        return service
    }

    /// Half of the room is for those who do not run away. A body that is alone keeps nobody waiting.
    /// - Parameter own: what the body has of the room already.
    func hasRoomForRunaways(_ count: Int, own: Int) -> Bool {
        let current = bytesInFlight.current
        return current <= own || current <= bytesInFlight.limit / 2 - count
    }

    func heldBack(_ service: String, in encoding: BodyFormat) -> IngestOutcome {
        refusal(
            429, .resourceExhausted,
            "the service \"\(String(decoding: service.utf8.prefix(100), as: UTF8.self))\" sends most of what is more than can be taken; "
                + "try again later", in: encoding)
    }

    /// Whether there is room for so many bytes of a body, if need be after others had to go that hardly come.
    func makeRoom(for count: Int) -> Bool {
        unfinished.makeRoom(for: count, in: bytesInFlight, nowUnixNano: clock.now)
    }

    /// Refuses a body for its size, and tells the log whose it is.
    func refuseSize(_ head: IngestHead, _ found: String, in encoding: BodyFormat) -> IngestOutcome {
        log.log(
            .warning, "refused a request body",
            [
                "status": "413", "reason": "\(found)", "path": "\(head.path)",
                "user_agent": "\(head.userAgent ?? "none")",
                "rollout": "\(head.rolloutID ?? "none")",
            ])
        return refusal(
            413, .resourceExhausted,
            "\(found), and \(limits.bodyBytes) are allowed (limits.body_bytes); send smaller batches",
            in: encoding)
    }

    func overloaded(in encoding: BodyFormat) -> IngestOutcome {
        refusal(
            503, .unavailable,
            "\(limits.bytesInFlight) bytes of requests are in flight (limits.bytes_in_flight); try again",
            in: encoding)
    }

    /// An answer that refuses the request, counted; 429 and 503 ask the client to come again.
    func refusal(
        _ status: Int, _ code: RPCCode, _ message: String, in encoding: BodyFormat
    ) -> IngestOutcome {
        metrics.add(.rejectedRequests, labels: ["status": "\(status)"])
        let body = RPCStatus(code, message)
        var headers: [String: String] = [:]
        if status == 429 || status == 503 { headers["Retry-After"] = "\(limits.retryAfterSeconds)" }
        return IngestOutcome(
            status: status, mediaType: encoding.mediaType, headers: headers,
            body: encoding == .json ? body.json() : body.protobuf())
    }
}
