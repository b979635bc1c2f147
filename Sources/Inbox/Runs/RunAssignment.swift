public import OTLP

/// Which run each span of some requests belongs to.
///
/// A span belongs to the run that it names; else to that of its nearest ancestor or descendant that
/// names one, counted in hops within its trace, the ancestor first at equal distance; else to the
/// one run that its trace names; else to its trace. Descendants at the same least distance that
/// disagree do not count. Two runs that are named never merge, whatever trace they share.
///
/// An invalid trace id (all zero) ties nothing together.
public struct RunAssignment: Sendable {
    /// A decoded request and what it says about all its spans.
    public struct Request: Sendable {
        public var batch: TraceBatch
        public var context: RequestContext

        public init(batch: TraceBatch, context: RequestContext) {
            self.batch = batch
            self.context = context
        }
    }

    /// The distinct runs, in the order of their first spans.
    public private(set) var runs: [RunKey] = []
    private var places: [RunKey: Int32] = [:]
    /// For each request, for each span, an index in `runs`.
    private var assigned: [[Int32]] = []
    private var byRun = SpansByRun()

    /// Assigns every span of the requests, which hold all spans of the traces that matter.
    ///
    /// The result does not depend on the order of requests and spans, but for the order of `runs`.
    /// - Complexity: linear in spans and their attributes.
    public init(_ requests: [Request], runKeyAttributes: [String]) {
        var traces = TraceGroups()
        for (place, request) in requests.enumerated() {
            var names = NamedRuns(
                request.batch, context: request.context, runKeyAttributes: runKeyAttributes)
            var row: [Int32] = []
            row.reserveCapacity(request.batch.spans.count)
            for (index, span) in request.batch.spans.enumerated() {
                let run = names.run(of: span).map { number(of: $0) } ?? -1
                traces.add(
                    TraceGroups.Member(
                        request: Int32(truncatingIfNeeded: place),
                        span: Int32(truncatingIfNeeded: index), run: run),
                    of: span.traceID)
                row.append(run)
            }
            assigned.append(row)
        }
        for group in traces.groups where group.hasUnnamed {
            assign(group, of: requests)
        }
        byRun = SpansByRun(assigned, runs: runs.count)
    }

    /// The run of one span.
    public func run(ofSpan span: Int, inRequest request: Int) -> RunKey {
        runs[Int(assigned[request][span])]
    }

    /// The spans of a run: for each request, in order, the indices of its spans that belong to it.
    /// - Complexity: linear in the requests and in the spans of the run.
    public func spans(of run: RunKey) -> [[Int]] {
        var spans = [[Int]](repeating: [], count: assigned.count)
        guard let number = places[run] else { return spans }
        for place in byRun.places(of: number) {
            spans[Int(place.request)].append(Int(place.span))
        }
        return spans
    }

    private mutating func number(of run: RunKey) -> Int32 {
        if let known = places[run] { return known }
        let number = Int32(truncatingIfNeeded: runs.count)
        places[run] = number
        runs.append(run)
        return number
    }

    private mutating func assign(_ group: TraceGroups.Group, of requests: [Request]) {
        let ties = group.traceID.isValid
        if ties, group.named.count == 1, let only = group.named.first {
            return place(group.members, in: only)
        }
        guard ties, group.named.count > 1 else {
            return place(group.members, in: number(of: .trace(group.traceID)))
        }
        let runs = self.runs
        let kinship = Kinship(group.members, of: requests) { left, right in
            runs[Int(left)].id < runs[Int(right)].id
        }
        for member in group.members where member.run < 0 {
            let span = requests[Int(member.request)].batch.spans[Int(member.span)]
            let nearest = kinship.nearestRun(of: span.spanID)
            assigned[Int(member.request)][Int(member.span)] =
                nearest ?? number(of: .trace(group.traceID))
        }
    }

    private mutating func place(_ members: [TraceGroups.Member], in run: Int32) {
        for member in members where member.run < 0 {
            assigned[Int(member.request)][Int(member.span)] = run
        }
    }
}

/// The spans of each run side by side, so that asking for one run does not look at all spans.
private struct SpansByRun {
    struct Place {
        var request: Int32
        var span: Int32
    }

    /// Sorted by run; within a run in the order of requests and spans.
    private var places: [Place] = []
    /// Where the spans of each run begin, and where the last ones end.
    private var starts: [Int] = [0]

    init() {}

    /// - Parameter assigned: for each request, for each span, the number of its run.
    init(_ assigned: [[Int32]], runs: Int) {
        starts = [Int](repeating: 0, count: runs + 1)
        for row in assigned {
            for run in row { starts[Int(run) + 1] += 1 }
        }
        for run in 0..<runs { starts[run + 1] += starts[run] }
        var next = starts
        places = [Place](repeating: Place(request: 0, span: 0), count: starts[runs])
        for (request, row) in assigned.enumerated() {
            for (span, run) in row.enumerated() {
                places[next[Int(run)]] = Place(
                    request: Int32(truncatingIfNeeded: request),
                    span: Int32(truncatingIfNeeded: span))
                next[Int(run)] += 1
            }
        }
    }

    func places(of run: Int32) -> ArraySlice<Place> {
        places[starts[Int(run)]..<starts[Int(run) + 1]]
    }
}

/// The spans of each trace, and the runs that they name.
struct TraceGroups {
    struct Member {
        var request: Int32
        var span: Int32
        /// -1 where the span names no run.
        var run: Int32
    }

    struct Group {
        var traceID: TraceID
        var members: [Member] = []
        var named: Set<Int32> = []
        var hasUnnamed = false
    }

    private(set) var groups: [Group] = []
    private var places: [TraceID: Int] = [:]

    mutating func add(_ member: Member, of trace: TraceID) {
        let place: Int
        if let known = places[trace] {
            place = known
        } else {
            place = groups.count
            places[trace] = place
            groups.append(Group(traceID: trace))
        }
        groups[place].members.append(member)
        if member.run < 0 {
            groups[place].hasUnnamed = true
        } else {
            groups[place].named.insert(member.run)
        }
    }
}
