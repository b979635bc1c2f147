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
    private let decoded: RecentlyUsed<Int64, TraceBatch>
    private let mended: RecentlyUsed<RunKey, Made>
    private let assigned: RecentlyUsed<[Int64], Assigned>

    /// Which run each span of some requests belongs to.
    private struct Assigned: Sendable {
        var requests: [RunAssignment.Request]
        var assignment: RunAssignment
    }

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
        decoded = RecentlyUsed(limit: limits.decodedCacheBytes)
        mended = RecentlyUsed(limit: limits.mendedCacheBytes)
        // It holds on to decoded batches, most of which the cache of those holds as well.
        assigned = RecentlyUsed(limit: limits.decodedCacheBytes / 2)
    }

    /// Mends a run from all its spans so far. Unpinned runs that were just mended come from memory.
    /// - Returns: nil when the inbox knows no such run.
    func mend(_ key: RunKey, atLeastThrough request: Int64, pins: Pins) async throws -> Made? {
        if pins.spans.isEmpty, let made = mended[key], made.throughRequest >= request {
            return made
        }
        guard let sources = try await inbox.reader.sources(of: key) else { return nil }
        var bodies: [(StoredRequest, [UInt8])] = []
        for stored in sources.requests where stored.kind == .traces && decoded[stored.id] == nil {
            if let body = try await inbox.reader.body(ofRequest: stored.id) {
                bodies.append((stored, body))
            }
        }
        let older = try await olderSpans(of: sources.run)
        let read = bodies
        let made = try await thread.run {
            try make(sources, newBodies: read, older: older, pins: pins)
        }
        if pins.spans.isEmpty {
            mended.insert(made, for: key, weight: made.run.batch.memoryBytes)
        }
        return made
    }

    /// What the archive has of a run whose first bodies are gone.
    private func olderSpans(of run: RunStatus) async throws -> TraceBatch? {
        guard run.prunedThrough > 0, let archive else { return nil }
        return try await archive.batch(ofRun: run.key.id, keys: keys)
    }

    private func make(
        _ sources: RunSources, newBodies: [(StoredRequest, [UInt8])], older: TraceBatch?, pins: Pins
    ) throws -> Made {
        let start = ContinuousClock.now
        var fresh: [Int64: TraceBatch] = [:]
        for (stored, body) in newBodies { fresh[stored.id] = decode(stored, body) }
        let (requests, assignment) = assign(sources.requests, fresh)
        var gatherer = TraceBatchGatherer(keys: keys)
        var isCut = false
        do throws(CapacityError) {
            if let older { try gatherer.add(spans: older.spans.indices, of: older) }
            for (request, spans) in zip(requests, assignment.spans(of: sources.run.key)) {
                try gatherer.add(spans: spans, of: request.batch)
            }
        } catch {
            isCut = true
        }
        let gathered = gatherer.finish()
        let isWhole = gathered.isWhole
        var run = mender.mend(gathered, identity: sources.run.key.identity, pins: pins)
        if isCut { run.notes.append("the run exceeds 2 GiB; its latest spans are left out") }
        count(run)
        let elapsed = (ContinuousClock.now - start).nanoseconds
        return Made(
            run: run, throughRequest: sources.throughRequest, isWhole: isWhole, nanoseconds: elapsed
        )
    }

    /// Runs that came in the same requests share one assignment of spans.
    private func assign(
        _ stored: [StoredRequest], _ fresh: [Int64: TraceBatch]
    ) -> ([RunAssignment.Request], RunAssignment) {
        let known = stored.compactMap { request in
            (fresh[request.id] ?? decoded[request.id]).map { (request, $0) }
        }
        let ids = known.map(\.0.id)
        if let made = assigned[ids] { return (made.requests, made.assignment) }
        let requests = known.map { RunAssignment.Request(batch: $1, context: $0.context) }
        let assignment = RunAssignment(requests, runKeyAttributes: runKey)
        assigned.insert(
            Assigned(requests: requests, assignment: assignment), for: ids,
            weight: known.reduce(0) { $0 + $1.1.memoryBytes })
        return (requests, assignment)
    }

    private func decode(_ stored: StoredRequest, _ body: [UInt8]) -> TraceBatch? {
        do {
            let (batch, _) = try readBody(
                body, ContentEncoding(stored.encoding), BodyFormat(stored.mediaType),
                limit: limits.bodyBytes, keys: keys)
            decoded.insert(batch, for: stored.id, weight: batch.memoryBytes)
            return batch
        } catch {
            // It was decoded before it was kept: only a damaged file or a smaller limit leads here.
            metrics.add(.mendingFailures)
            logger.error(
                "a kept request cannot be read again",
                metadata: ["request": "\(stored.id)", "reason": "\(error)"])
            return nil
        }
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
        bytes.count + attributes.count * MemoryLayout<Attribute>.stride
            + spans.count * MemoryLayout<SpanRecord>.stride
            + (events.count + links.count) * MemoryLayout<LinkRecord>.stride
    }
}
