public import OTLP

/// What the repair of a tree needs to know about one span, and nothing more.
///
/// Whoever fills it in knows the conventions; the steps know only these facts. Interned numbers
/// mean "the same text" where they are equal, and "unknown" where they are 0.
public struct RepairSpan: Sendable {
    public var key: SpanKey
    /// As reported; invalid for a root.
    public var parentSpanID = SpanID.invalid
    /// Nanoseconds since 1970-01-01 UTC; 0 means "not set".
    public var start: UInt64 = 0
    /// Nanoseconds since 1970-01-01 UTC; 0 means "not set".
    public var end: UInt64 = 0
    /// `SpanKind` of OTLP.
    public var kind: Int32 = 0
    /// `Span.flags` of OTLP.
    public var flags: UInt32 = 0
    public var operation = OperationClass.other
    /// The process, interned.
    public var process: UInt32 = 0
    /// `service.name`, interned.
    public var service: UInt32 = 0
    /// The thread within its process, interned.
    public var thread: UInt32 = 0
    /// The name of the instrumentation scope, interned.
    public var scope: UInt32 = 0
    /// A hash of the name without its digits: equal for the workers of one pool.
    public var nameShape: UInt64 = 0
    /// The first number in the name plus one; 0 where it has none.
    public var nameNumber: UInt32 = 0
    /// What an HTTP span tells of its request; the same on the client's and the server's side.
    public var request = RequestFacts()
    /// A hash of the token counts; 0 for none.
    public var usage: UInt64 = 0
    /// The id of the model's response, interned.
    public var responseID: UInt32 = 0
    /// The span tells token counts.
    public var hasUsage = false
    /// The only span that this one links to; nil for none and for several.
    public var linked: SpanKey?
    /// How many attributes, events and links the span has.
    public var richness: UInt32 = 0
    /// Equal for copies of one span; needed only where a key repeats or a span id is invalid.
    public var contentHash: UInt64 = 0
    /// What was promised about the span.
    public var pin: RepairPin?

    public init(key: SpanKey) {
        self.key = key
    }
}

/// What tells one HTTP request from another; 0 where the span does not tell it.
public struct RequestFacts: Hashable, Sendable {
    /// The method, interned.
    public var method: UInt32 = 0
    /// A hash of the path without its query.
    public var path: UInt64 = 0
    /// The port of the server.
    public var port: UInt32 = 0
    public var status: UInt32 = 0

    public init() {}
}

/// What a span does, as far as it tells which spans may lie below it.
public enum OperationClass: UInt8, Sendable {
    case other
    case agent, workflow, step
    /// A call of a model: inference or embeddings.
    case model
    case tool
    case http, database, messaging
}

/// A trace id, parent and duplicate mark that must stay as they are.
public struct RepairPin: Hashable, Sendable {
    public var traceID: TraceID
    public var parentSpanID: SpanID
    public var sequence: Int
    public var duplicateOf: SpanID?

    public init(traceID: TraceID, parentSpanID: SpanID, sequence: Int, duplicateOf: SpanID?) {
        self.traceID = traceID
        self.parentSpanID = parentSpanID
        self.sequence = sequence
        self.duplicateOf = duplicateOf
    }
}

extension RepairSpan {
    /// `Span.flags` says whether the parent is remote, and it is.
    var hasRemoteParent: Bool { flags & 0x300 == 0x300 }

    /// The span enters its process from outside: by its flags, or by its kind where an SDK tells
    /// no flags.
    var isEntry: Bool {
        flags & 0x100 != 0 ? hasRemoteParent : kind == SpanKind.server || kind == SpanKind.consumer
    }

    /// Whether the other span was open from this one's start to its end, and longer. An agent or step
    /// may do nothing but call a model, and be told no longer than that.
    func isEnclosed(by other: RepairSpan) -> Bool {
        guard other.start <= start && other.end >= end else { return false }
        return other.start < start || other.end > end
            || other.start < other.end && operation == .model
                && other.operation.isHostOfModelCalls
    }

    func relation(to other: RepairSpan) -> ProcessRelation {
        if process != 0 && other.process != 0 {
            return process == other.process ? .same : .different
        }
        if service != 0 && other.service != 0 && service != other.service { return .different }
        return .unknown
    }
}

enum ProcessRelation {
    case same, different, unknown
}

/// The numbers of `SpanKind` in OTLP.
enum SpanKind {
    static let server: Int32 = 2
    static let client: Int32 = 3
    static let producer: Int32 = 4
    static let consumer: Int32 = 5
}

extension RepairSpan {
    /// Whether spans that lost their parent may lie below: agents, steps, and what a program does
    /// itself; never a call of something else.
    var isContainer: Bool {
        switch operation {
        case .agent, .workflow, .step: true
        case .other, .http: kind != SpanKind.client && kind != SpanKind.producer
        case .messaging: kind == SpanKind.consumer
        case .model, .tool, .database: false
        }
    }

    /// Calls of something else, below which nothing of the caller's own hangs.
    var isLeafCall: Bool { operation == .model || operation == .database }
}
