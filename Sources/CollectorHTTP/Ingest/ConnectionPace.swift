import Collector
import NIOCore

/// Watches that a connection gets on: that a head that began ends, a body comes, and no one stays
/// without asking anything.
///
/// It stands before TLS and the HTTP decoder, where the first byte shows. It looks at the
/// clock a few times within each limit, so that requests cost no timers.
final class ConnectionPace: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// What has taken too long; fired as an inbound event.
    enum Lateness: Sendable {
        case head, body, request, idle
    }

    private enum Phase {
        case idle, head, body, answer
    }

    /// What must come of a body, unless it ends, within `limits.body_timeout`.
    private static let bodyBytes = 64 << 10

    private let head: TimeAmount
    private let body: TimeAmount
    private let request: TimeAmount
    private let idle: TimeAmount
    private var phase = Phase.idle
    private var since = NIODeadline.now()
    /// When the body began that is being read.
    private var bodySince = NIODeadline.now()
    /// Bytes of the body that came since then.
    private var bytes = 0
    private var ticks: RepeatedTask?

    init(_ limits: Limits) {
        head = TimeAmount(limits.headTimeout)
        body = TimeAmount(limits.bodyTimeout)
        request = TimeAmount(limits.requestTimeout)
        idle = TimeAmount(limits.idleTimeout)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let shortest = [head, body, request, idle].map(\.nanoseconds).min() ?? 0
        let delay = TimeAmount.nanoseconds(min(max(shortest / 4, 10_000_000), 1_000_000_000))
        let (pace, bound) = (
            NIOLoopBound(self, eventLoop: context.eventLoop),
            NIOLoopBound(context, eventLoop: context.eventLoop)
        )
        ticks = context.eventLoop.scheduleRepeatedTask(initialDelay: delay, delay: delay) { _ in
            pace.value.look(bound.value)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { ticks?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        ticks?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if phase == .idle { enter(.head, context) }
        context.fireChannelRead(data)
    }

    /// A head was read.
    func began(at context: ChannelHandlerContext) {
        enter(.body, context)
        bodySince = since
    }

    /// A part of the body was read.
    func took(_ count: Int) { bytes += count }

    /// The request was read to its end.
    func ended() { phase = .answer }

    /// The answer is on its way.
    func answered(at context: ChannelHandlerContext) { enter(.idle, context) }

    private func enter(_ next: Phase, _ context: ChannelHandlerContext) {
        phase = next
        since = context.eventLoop.now
        bytes = 0
    }

    private func look(_ context: ChannelHandlerContext) {
        let age = context.eventLoop.now - since
        switch phase {
        case .idle where age >= idle: fire(.idle, context)
        case .head where age >= head: fire(.head, context)
        case .body where context.eventLoop.now - bodySince >= request: fire(.request, context)
        case .body where age >= body:
            guard bytes >= Self.bodyBytes else { return fire(.body, context) }
            enter(.body, context)
        case .idle, .head, .body, .answer: break
        }
    }

    private func fire(_ lateness: Lateness, _ context: ChannelHandlerContext) {
        since = context.eventLoop.now
        context.fireUserInboundEventTriggered(lateness)
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (nanoseconds, isOver) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        self = .nanoseconds(isOver ? .max / 2 : nanoseconds + attoseconds / 1_000_000_000)
    }
}
