/// How long to wait before a failed delivery is tried again: exponential backoff with jitter.
public struct RetryPolicy: Hashable, Sendable {
    /// The delay after the first failure, before jitter.
    public var initial: Duration
    /// What each further failure multiplies the delay by; at least 1.
    public var multiplier: Double
    /// No delay of this rule is longer. A wait that the peer asked for may be.
    public var maximum: Duration
    /// How far a delay may be off to either side, as a part of itself; 0…1.
    public var jitter: Double
    /// The longest wait that a peer may ask for; a longer one counts as this.
    public var maximumRetryAfter: Duration

    /// The defaults wait 1, 2, 4 … 60 seconds, each ± 20 %, and at most an hour when asked to.
    public init(
        initial: Duration = .seconds(1), multiplier: Double = 2, maximum: Duration = .seconds(60),
        jitter: Double = 0.2, maximumRetryAfter: Duration = .seconds(3600)
    ) {
        self.initial = initial
        self.multiplier = multiplier
        self.maximum = maximum
        self.jitter = jitter
        self.maximumRetryAfter = maximumRetryAfter
    }

    /// The wait after a failure.
    ///
    /// Jitter only lengthens a wait that the peer asked for: all who were asked to wait as long
    /// should not come back at once, and none may come sooner.
    /// - Parameters:
    ///   - attempt: counts failures in a row, from 1.
    ///   - retryAfter: what the peer asked for, such as `SinkError.retryable`'s.
    ///   - random: a number in 0..<1.
    /// - Returns: the longer of the two waits.
    public func delay(attempt: Int, retryAfter: Duration? = nil, random: Double) -> Duration {
        let random = min(max(random, 0), 1)
        let jitter = min(max(jitter, 0), 1)
        var seconds = initial.inSeconds
        let limit = maximum.inSeconds
        var failures = 1
        while failures < attempt, seconds < limit, seconds > 0, multiplier > 1 {
            seconds *= multiplier
            failures += 1
        }
        seconds = min(seconds, limit) * (1 + jitter * (2 * random - 1))
        seconds = min(max(seconds, 0), limit)
        guard let retryAfter else { return .seconds(seconds) }
        let asked = min(max(retryAfter.inSeconds, 0), maximumRetryAfter.inSeconds)
        return .seconds(max(seconds, asked * (1 + jitter * random)))
    }
}

extension Duration {
    fileprivate var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
