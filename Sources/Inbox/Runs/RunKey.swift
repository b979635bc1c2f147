public import OTLP

/// What a run goes by: the unit that is assembled, mended and delivered.
public enum RunKey: Hashable, Sendable {
    /// One attempt of one rollout.
    case attempt(rollout: String, attempt: String)
    /// A rollout that came without an attempt: a run of its own kind.
    case rollout(String)
    /// The values of the attributes that `run.key` lists, in the order of that list.
    case keyed([Pair])
    /// All that is known is the reported trace.
    case trace(TraceID)

    /// One attribute of `run.key` and its value.
    public struct Pair: Hashable, Sendable {
        public var key: String
        public var value: String

        public init(_ key: String, _ value: String) {
            self.key = key
            self.value = value
        }
    }

    /// The rollout's id, where there is one.
    public var rolloutID: String? {
        switch self {
        case .attempt(let rollout, _), .rollout(let rollout): rollout
        case .keyed, .trace: nil
        }
    }

    /// The attempt's id, where there is one.
    public var attemptID: String? {
        if case .attempt(_, let attempt) = self { attempt } else { nil }
    }

    /// The run is no more than its trace: no span names it.
    public var isTrace: Bool {
        if case .trace = self { true } else { false }
    }
}

/// What a request says about the run of all its spans.
public struct RequestContext: Hashable, Sendable {
    /// From the path `/rollout/{rollout}/attempt/{attempt}/v1/traces`, percent-decoded.
    public var pathRollout: String?
    public var pathAttempt: String?
    /// From the request headers `x-rollout-id` and `x-attempt-id`.
    public var headerRollout: String?
    public var headerAttempt: String?

    public init(
        pathRollout: String? = nil, pathAttempt: String? = nil, headerRollout: String? = nil,
        headerAttempt: String? = nil
    ) {
        self.pathRollout = pathRollout
        self.pathAttempt = pathAttempt
        self.headerRollout = headerRollout
        self.headerAttempt = headerAttempt
    }

    public static let none = RequestContext()
}
