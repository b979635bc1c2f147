import Compression
import Inbox
import Logging
import Mending
import OTLP
import Sinks
import SQLiteArchive

/// Makes revisions: reads what feeds a run, picks the run's spans, and mends them, on a thread of
/// its own.
struct RunMending: Sendable {
    let inbox: Inbox
    /// Holds the older spans of runs whose bodies are gone.
    let archive: ArchiveReader?
    let mender: Mender
    let keys: KeyTable
    let runKey: [String]
    let limits: Limits
    let metrics: Metrics
    let logger: Logger
    private let thread = WorkThread(label: "tracemend.mending")
    private let reading: RunReader
    private let mended: RecentlyUsed<RunKey, Made>
    private let assigned: RecentlyUsed<[Int64], RunAssignment>

    private static let assignedCacheBytes = 16 << 20
    /// A place and two numbers, and some room for growing.
    private static let assignedSpanBytes = 24
    /// What a cached value takes besides its spans: small runs are many, and each has its arrays.
    fileprivate static let entryBytes = 1024

    /// A mended run and how far it reaches.
    struct Made: Sendable {
        var run: MendedRun
        var throughRequest: Int64
        var isWhole: Bool
        var nanoseconds: Int64
    }

    init(
        inbox: Inbox, archive: ArchiveReader?, mender: Mender, keys: KeyTable, runKey: [String],
        limits: Limits, metrics: Metrics, logger: Logger
    ) {
        self.inbox = inbox
        self.archive = archive
        self.mender = mender
        self.keys = keys
        self.runKey = runKey
        self.limits = limits
        self.metrics = metrics
        self.logger = logger
        reading = RunReader(
            inbox: inbox, keys: keys, limits: limits, metrics: metrics, logger: logger)
        mended = RecentlyUsed(limit: limits.mendedCacheBytes)
        assigned = RecentlyUsed(limit: Self.assignedCacheBytes)
    }

    /// Which requests of a run a revision takes account of.
    enum Reach: Hashable, Sendable {
        /// All that there are now, this one among them.
        case atLeast(through: Int64)
        /// None after this one: what a settled revision was made of.
        case exactly(through: Int64)

        func isMet(by made: Made) -> Bool {
            switch self {
            case .atLeast(let request): made.throughRequest >= request
            case .exactly(let request): made.throughRequest == request
            }
        }
    }

    /// Mends a run from its spans. Unpinned runs that were just mended come from memory.
    /// - Throws: `RunReadingError`, or what the inbox or the archive throw.
    func mend(_ key: RunKey, _ reach: Reach, pins: Pins) async throws -> Made {
        if pins.spans.isEmpty, let made = mended[key], reach.isMet(by: made) { return made }
        let (sources, requests) = try await reading.read(key, reach)
        let isMissingSome = sources.run.prunedThrough > 0 || requests.contains(where: \.isMissing)
        let older = isMissingSome ? try await olderSpans(of: sources.run) : .none
        let made = try await thread.run { make(sources, requests, older: older, pins: pins) }
        if pins.spans.isEmpty {
            mended.insert(made, for: key, weight: made.run.memoryBytes)
        }
        return made
    }

    /// What the archive has of a run some of whose bodies are gone.
    private func olderSpans(of run: RunStatus) async throws -> OlderSpans {
        guard let archive else { return .gone }
        return try await archive.batch(ofRun: run.key.id, keys: keys).map { .archived($0) } ?? .gone
    }

    private enum OlderSpans {
        case none
        case gone
        case archived(TraceBatch)
    }

    private func make(
        _ sources: RunSources, _ requests: [RequestSource], older: OlderSpans, pins: Pins
    ) -> Made {
        let start = ContinuousClock.now
        var notes: [String] = []
        let decoded = reading.decode(requests, notes: &notes)
        let assignment = assign(decoded)
        var gatherer = TraceBatchGatherer(keys: keys)
        do throws(CapacityError) {
            for (request, spans) in zip(decoded, assignment.spans(of: sources.run.key)) {
                try gatherer.add(spans: spans, of: request.batch)
            }
            if case .archived(let batch) = older {
                // What is still there as it was reported needs no copy from the archive.
                let known = Set(gatherer.batch.spans.map(\.key))
                let missing = batch.spans.indices.filter {
                    !known.contains(batch.reportedKey(of: $0))
                }
                try gatherer.add(spans: missing, of: batch)
            }
        } catch {
            notes.append("the run exceeds 2 GiB; its latest spans are left out")
        }
        if case .gone = older {
            notes.append(
                "some of the run's requests are no longer kept, and no archive has their spans")
        }
        var gathered = gatherer.finish()
        let waiting = gathered.attachEvents()
        if waiting > 0 {
            notes.append("\(waiting) log records with GenAI content wait for their spans")
        }
        let isWhole = gathered.isWhole
        var run = mender.mend(gathered, identity: sources.run.key.identity, pins: pins)
        run.notes += notes
        count(run)
        return Made(
            run: run, throughRequest: sources.throughRequest, isWhole: isWhole,
            nanoseconds: (ContinuousClock.now - start).nanoseconds)
    }

    /// Runs that came in the same requests share one assignment of spans.
    private func assign(_ requests: [DecodedRequest]) -> RunAssignment {
        let ids = requests.map(\.id)
        if let made = assigned[ids] { return made }
        let assignment = RunAssignment(
            requests.map { RunAssignment.Request(batch: $0.batch, context: $0.context) },
            runKeyAttributes: runKey)
        let spans = requests.reduce(0) { $0 + $1.batch.spans.count }
        assigned.insert(
            assignment, for: ids, weight: Self.entryBytes + spans * Self.assignedSpanBytes)
        return assignment
    }

    private func count(_ run: MendedRun) {
        metrics.add(.revisions)
        metrics.add(.mendedSpans, run.spans.count)
        var rules: [String: Int] = [:]
        for case let repair? in run.spans.map(\.repair) { rules[repair.rule, default: 0] += 1 }
        for (rule, count) in rules { metrics.add(.repairedSpans, count, labels: ["rule": rule]) }
        var dialects: [String: Int] = [:]
        for span in run.batch.spans {
            if let dialect = run.batch.value("tracemend.dialect", in: span.attributes)?.stringValue
            {
                dialects[dialect, default: 0] += 1
            }
        }
        for (dialect, count) in dialects {
            metrics.add(.dialectSpans, count, labels: ["dialect": dialect])
        }
    }
}

extension TraceBatch {
    /// The ids that a span was reported with, before it was mended.
    func reportedKey(of index: Int) -> SpanKey {
        let span = spans[index]
        func text(_ key: String) -> String? { value(key, in: span.attributes)?.stringValue }
        return SpanKey(
            traceID: text(MendingAttribute.reportedTraceID).flatMap { TraceID(hexadecimal: $0) }
                ?? span.traceID,
            spanID: text(MendingAttribute.reportedSpanID).flatMap { SpanID(hexadecimal: $0) }
                ?? span.spanID)
    }
    /// There is a root, and every parent has arrived or was said to be remote.
    var isWhole: Bool {
        let keys = Set(spans.map(\.key))
        var hasRoot = false
        for span in spans {
            guard span.parentSpanID.isValid else {
                hasRoot = true
                continue
            }
            if keys.contains(SpanKey(traceID: span.traceID, spanID: span.parentSpanID)) { continue }
            guard span.flags & 0x300 == 0x300 else { return false }
            hasRoot = true
        }
        return hasRoot
    }

    /// About how much memory the batch takes.
    var memoryBytes: Int {
        RunMending.entryBytes + bytes.capacity
            + attributes.capacity * MemoryLayout<Attribute>.stride
            + spans.capacity * MemoryLayout<SpanRecord>.stride
            + events.capacity * MemoryLayout<EventRecord>.stride
            + links.capacity * MemoryLayout<LinkRecord>.stride
            + scopes.capacity * MemoryLayout<ScopeRecord>.stride
            + resources.capacity * MemoryLayout<ResourceRecord>.stride
    }
}

extension MendedRun {
    /// About what it takes in memory.
    var memoryBytes: Int {
        batch.memoryBytes + spans.capacity * MemoryLayout<MendedSpan>.stride
    }
}
