import Collector
import NIOCore
import NIOHTTP1
import NIOSSL
import OTLP

/// One connection of the ingest listener: requests in, one after the other, each with its answer.
///
/// `HTTPServerPipelineHandler` before it holds a request back until the one before is answered.
final class IngestConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        /// Between requests; a head may be on its way.
        case idle
        case reading(IngestExchange)
        /// The answer waits for the end of a small body.
        case refusing(IngestOutcome)
        /// The run is closed when the request has come to its end.
        case closing(RunClosing)
        /// The answer is being made.
        case answering
        /// It is answered, and so much more is read so that the client sees it.
        case discarding(bytes: Int)
    }

    /// What the answer needs to know of its request.
    private struct Asked {
        var head: IngestHead
        var version: HTTPVersion
        var isKeptAlive: Bool
        var corsHeaders: [String: String]
    }

    /// A body of at most this size is read to its end before it is refused, and the connection stays.
    private static let readThroughBytes = 64 << 10
    /// What is read after an answer that came before the end of the body.
    private static let discardedBytes = 4 << 20
    /// How long a client has to read the last answer, where closing at once could take it back.
    private static let lingering = TimeAmount.seconds(2)

    private let surface: IngestSurface
    private let pace: ConnectionPace
    private let sender = Sender()
    private var state = State.idle
    private var asked: Asked?

    init(surface: IngestSurface, pace: ConnectionPace) {
        self.surface = surface
        self.pace = pace
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head, context)
        case .body(let buffer): take(buffer, context)
        case .end: end(context)
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        // The connection closes: what was sent behind the last request is not answered.
        if case .discarding = state { return }
        let request = IngestHead(head)
        pace.began(at: context)
        asked = Asked(
            head: request, version: head.version,
            // Behind a request to upgrade the parser reads nothing more.
            isKeptAlive: head.isKeepAlive && head.method != .CONNECT
                && !head.headers.contains(name: "upgrade"),
            corsHeaders: surface.access.corsHeaders(head.headers))
        switch surface.step(for: head, request, from: sender) {
        case .read(let exchange):
            state = .reading(exchange)
            if head.waitsForContinue { proceed(head, context) }
        case .close(let run, let wait):
            state = .closing(RunClosing(run: run, wait: wait))
            if head.waitsForContinue { proceed(head, context) }
        case .answer(let outcome):
            let isChunked = head.headers.contains(name: "transfer-encoding")
            let length = request.contentLength ?? 0
            if isChunked || head.waitsForContinue || length > Self.readThroughBytes {
                answerEarly(outcome, context)
            } else {
                state = .refusing(outcome)
            }
        }
    }

    private func proceed(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let proceed = HTTPResponseHead(version: head.version, status: .continue)
        context.writeAndFlush(wrapOutboundOut(.head(proceed)), promise: nil)
    }

    /// Closes once what was written is on its way: this may be called while an answer is written.
    private func close(_ context: ChannelHandlerContext) {
        context.flush()
        context.close(promise: nil)
    }

    /// Closes after the client, or after a while: with input unread, a close is a reset, and that
    /// takes back what the client has not read yet (RFC 9112, section 9.6).
    private func closeAfterClient(_ context: ChannelHandlerContext) {
        context.flush()
        context.close(mode: .output, promise: nil)
        let (handler, bound) = loopBound(context)
        context.eventLoop.scheduleTask(in: Self.lingering) {
            handler.value.close(bound.value)
        }
    }

    private func take(_ buffer: ByteBuffer, _ context: ChannelHandlerContext) {
        pace.took(buffer.readableBytes)
        switch state {
        case .reading(let exchange):
            if let refusal = exchange.append(buffer.readableBytesView) {
                answerEarly(refusal, context)
            }
        case .discarding(let bytes):
            guard buffer.readableBytes <= bytes else { return close(context) }
            state = .discarding(bytes: bytes - buffer.readableBytes)
        case .idle, .refusing, .closing, .answering: break
        }
    }

    private func end(_ context: ChannelHandlerContext) {
        switch state {
        case .reading(let exchange):
            state = .answering
            pace.ended()
            let (handler, bound) = loopBound(context)
            let loop = context.eventLoop
            exchange.finish { outcome in
                loop.execute { handler.value.answer(outcome, bound.value) }
            }
        case .closing(let closing):
            state = .answering
            pace.ended()
            let (handler, bound) = loopBound(context)
            let surface = surface
            context.eventLoop.makeFutureWithTask { await surface.close(closing) }
                .whenSuccess { handler.value.answer($0, bound.value) }
        case .refusing(let outcome): answer(outcome, context)
        case .discarding: close(context)
        case .idle, .answering: break
        }
    }

    private func loopBound(
        _ context: ChannelHandlerContext
    ) -> (NIOLoopBound<IngestConnection>, NIOLoopBound<ChannelHandlerContext>) {
        (
            NIOLoopBound(self, eventLoop: context.eventLoop),
            NIOLoopBound(context, eventLoop: context.eventLoop)
        )
    }

    private func answer(_ outcome: IngestOutcome, _ context: ChannelHandlerContext) {
        guard let asked, context.channel.isActive else { return }
        // The next request may be waiting, and is read before the write of this answer returns.
        state = asked.isKeptAlive ? .idle : .discarding(bytes: 0)
        self.asked = nil
        pace.answered(at: context)
        write(outcome, asked, isLast: !asked.isKeptAlive, context)
        if !asked.isKeptAlive { close(context) }
    }

    /// Answers before the body came to its end. The connection cannot be used again, and is closed
    /// once the client can have read the answer.
    private func answerEarly(_ outcome: IngestOutcome, _ context: ChannelHandlerContext) {
        guard let asked else { return }
        state = .discarding(bytes: Self.discardedBytes)
        write(outcome, asked, isLast: true, context)
    }

    private func write(
        _ outcome: IngestOutcome, _ asked: Asked, isLast: Bool, _ context: ChannelHandlerContext
    ) {
        var headers = HTTPHeaders()
        headers.reserveCapacity(4)
        if let mediaType = outcome.mediaType { headers.add(name: "Content-Type", value: mediaType) }
        for (name, value) in outcome.headers { headers.add(name: name, value: value) }
        for (name, value) in asked.corsHeaders { headers.add(name: name, value: value) }
        if outcome.status != 204 {
            headers.add(name: "Content-Length", value: "\(outcome.body.count)")
        }
        if isLast {
            headers.add(name: "Connection", value: "close")
        } else if asked.version == .http1_0 {
            headers.add(name: "Connection", value: "keep-alive")
        }
        let status = HTTPResponseStatus(statusCode: outcome.status)
        let head = HTTPResponseHead(version: asked.version, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !outcome.body.isEmpty, asked.head.method != "HEAD" {
            let body = context.channel.allocator.buffer(bytes: outcome.body)
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    /// A request that is none: the rest of the connection cannot be read either.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else {
            // What follows an error that is answered.
            if case .discarding = state { return }
            if case .handshakeFailed? = error as? NIOSSLError {
                surface.pipeline.receiver.noteFailedTLS("\(error)")
            }
            return close(context)
        }
        switch state {
        case .idle:
            asked = Asked(
                head: IngestHead(method: "POST", path: "/"), version: .http1_1, isKeptAlive: false,
                corsHeaders: [:])
        case .reading, .refusing, .closing: break
        case .answering, .discarding: return close(context)
        }
        let isTooLarge = error == .headerOverflow
        let outcome = surface.refuse(
            isTooLarge ? 431 : 400,
            isTooLarge
                ? "the request's head is larger than \(IngestSurface.headBytes) bytes"
                : "this is not a valid HTTP/1.1 request: \(error)", asked?.head)
        answerEarly(outcome, context)
        closeAfterClient(context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let lateness as ConnectionPace.Lateness: late(lateness, context)
        case ChannelEvent.inputClosed: inputClosed(context)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    /// The client sends nothing more; it may still wait for its answer.
    private func inputClosed(_ context: ChannelHandlerContext) {
        switch state {
        case .answering: asked?.isKeptAlive = false
        case .idle, .reading, .refusing, .closing, .discarding: close(context)
        }
    }

    private func late(_ lateness: ConnectionPace.Lateness, _ context: ChannelHandlerContext) {
        let tooSlow: String
        switch (lateness, state) {
        case (.body, .reading), (.body, .refusing), (.body, .closing):
            let limit = surface.limits.bodyTimeout
            tooSlow = "less than 64 KiB of the body came in \(limit) (limits.body_timeout)"
        case (.request, .reading), (.request, .refusing), (.request, .closing):
            let limit = surface.limits.requestTimeout
            tooSlow = "the body did not come to its end in \(limit) (limits.request_timeout)"
        default: return close(context)
        }
        answerEarly(surface.refuse(408, tooSlow, asked?.head), context)
        closeAfterClient(context)
    }
}

extension HTTPRequestHead {
    /// Source: RFC 9110, section 10.1.1; clients of HTTP/1.0 are not told to go on.
    fileprivate var waitsForContinue: Bool {
        version != .http1_0 && headers.first(name: "expect")?.lowercased() == "100-continue"
    }
}

extension IngestHead {
    init(_ head: HTTPRequestHead) {
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.init(
            method: head.method.rawValue, path: String(parts[0]),
            query: parts.count > 1 ? String(parts[1]) : nil,
            mediaType: head.headers.first(name: "content-type"),
            contentEncoding: head.headers.first(name: "content-encoding"),
            // The parser lets numbers through that Int does not hold.
            contentLength: head.headers.first(name: "content-length").map { Int($0) ?? .max },
            rolloutID: head.headers.first(name: "x-rollout-id"),
            attemptID: head.headers.first(name: "x-attempt-id"),
            userAgent: head.headers.first(name: "user-agent"))
    }
}
