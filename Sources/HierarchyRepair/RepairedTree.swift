public import OTLP

/// A forest made of the spans of one run: every parent is there, nothing stands below itself.
public struct RepairedTree: Sendable {
    /// The spans that stay and the placeholders, parents before children, then by time.
    public var nodes: [Node]
    /// Indices of the spans that are copies of others and go.
    public var dropped: [Int]
    /// Reported keys whose trace or span id changed, and what they became: links follow them.
    public var renamed: [SpanKey: SpanKey]
    /// What could not be done, in words, each at most once.
    public var notes: [String]

    /// The candidates for the span that was asked about, the weightiest first.
    public var explanation: [Candidate] = []

    /// A span that another one may hang below, and what counts for and against it.
    public struct Candidate: Sendable {
        public var key: SpanKey
        /// The sum of the weights: natural logarithms of odds.
        public var weight: Double
        public var evidence: [(text: String, weight: Double)]
        public var isChosen: Bool
        /// How far the choice is ahead of the next.
        public var lead: Double
    }

    public struct Node: Sendable {
        /// Index of the span in the input; nil for a placeholder.
        public var source: Int?
        public var key: SpanKey
        /// Invalid for a root. The id of a remote parent that the run has not stays as reported.
        public var parentSpanID: SpanID
        /// Index of the parent in `nodes`.
        public var parent: Int?
        /// The step that changed the parent; nil where none did.
        public var repair: Repair?
        /// The span that tells the same call and counts instead of this one.
        public var duplicateOf: SpanID?
        public var sequence: Int
        public var start: UInt64
        public var end: UInt64
        /// Of a placeholder: index in `nodes` of the child that starts first.
        public var firstChild: Int?
    }

    public struct Repair: Hashable, Sendable {
        public var rule: RepairRule
        /// 0…1.
        public var confidence: Double
    }
}

/// The steps that change a parent, as they are told in `tracemend.repair.rule`.
public enum RepairRule: String, Sendable, CaseIterable {
    /// The span named itself as parent; it is a root now.
    case selfParent = "self_parent"
    /// The span's ancestors led back to it; it is a root now.
    case cycle
    /// The parent was never exported: a placeholder stands for it, or the span hangs below the
    /// nearest one that was open around it.
    case lostParent = "lost_parent"
    /// The parent is outside the run and the run's trace id is not the reported one: a root now.
    case remoteParent = "remote_parent"
    /// A root of another trace, below the span that it links to.
    case linkedTrace = "linked_trace"
    /// A root of another trace, below the span of its process that was open around it.
    case enclosingSpan = "enclosing_span"
    /// A root of another process, below the span that was open around it.
    case enclosingProcess = "enclosing_process"
    /// A root of another process, below the step that started that process.
    case dispatch
    /// A server's span below the client's span of the same request.
    case clientServer = "client_server"
    /// The span of one library below the other library's span of the same model call.
    case twin
    /// A model call below the agent or step that was open around it.
    case enclosingStep = "enclosing_step"
    /// An earlier revision was delivered to where it cannot be changed.
    case pinned
}
