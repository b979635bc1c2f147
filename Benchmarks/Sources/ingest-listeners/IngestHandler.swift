import Collector
import NIOCore
import NIOHTTP1

/// The ingest surface as one channel handler: what the same Receiver costs without a framework.
final class IngestHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let receiver: Receiver
    private var exchange: IngestExchange?
    private var refusal: IngestOutcome?

    init(receiver: Receiver) {
        self.receiver = receiver
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head)
        case .body(let buffer):
            guard refusal == nil else { return }
            refusal = exchange?.append(buffer.readableBytesView)
        case .end: end(context)
        }
    }

    private func begin(_ head: HTTPRequestHead) {
        (exchange, refusal) = (nil, nil)
        let path = String(head.uri.prefix { $0 != "?" })
        guard head.method == .POST, let route = IngestRoute(path: path) else {
            refusal = IngestOutcome(status: 404)
            return
        }
        let request = IngestHead(
            method: "POST", path: path, mediaType: head.headers.first(name: "content-type"),
            contentEncoding: head.headers.first(name: "content-encoding"),
            contentLength: head.headers.first(name: "content-length").flatMap { Int($0) },
            rolloutID: head.headers.first(name: "x-rollout-id"),
            attemptID: head.headers.first(name: "x-attempt-id"))
        switch receiver.begin(request, route: route) {
        case .read(let begun): exchange = begun
        case .refuse(let outcome): refusal = outcome
        }
    }

    private func end(_ context: ChannelHandlerContext) {
        if let refusal { return answer(refusal, context) }
        guard let exchange else { return }
        self.exchange = nil
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.makeFutureWithTask { await exchange.finish() }.whenSuccess { outcome in
            handler.value.answer(outcome, bound.value)
        }
    }

    private func answer(_ outcome: IngestOutcome, _ context: ChannelHandlerContext) {
        var headers = HTTPHeaders()
        if let mediaType = outcome.mediaType { headers.add(name: "content-type", value: mediaType) }
        for (name, value) in outcome.headers { headers.add(name: name, value: value) }
        headers.add(name: "content-length", value: "\(outcome.body.count)")
        let status = HTTPResponseStatus(statusCode: outcome.status)
        context.write(
            wrapOutboundOut(.head(.init(version: .http1_1, status: status, headers: headers))),
            promise: nil)
        if !outcome.body.isEmpty {
            context.write(
                wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: outcome.body)))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
