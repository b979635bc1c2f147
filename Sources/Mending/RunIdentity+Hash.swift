import HierarchyRepair
public import OTLP

extension RunIdentity {
    /// What the ids that mending makes up for this run begin with.
    var hash: StableHash {
        var hash = StableHash("tracemend")
        switch self {
        case .trace(let id):
            hash.combine(byte: 0)
            hash.combine(id.high)
            hash.combine(id.low)
        case .named(let name):
            hash.combine(byte: 1)
            hash.combine(name)
        }
        return hash
    }

    /// The trace id of a run that was reported in several traces, unless it has one that was
    /// delivered.
    public var unifiedTraceID: TraceID { hash.traceID }
}
