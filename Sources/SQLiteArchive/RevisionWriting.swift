import GRDB
import Mending
import OTLP
import Sinks

/// The writing of one revision, within a transaction.
struct RevisionWriting {
    let db: Database
    let revision: Revision
    /// Nanoseconds since 1970-01-01 UTC.
    let now: UInt64
    private let batch: TraceBatch

    init(_ db: Database, _ revision: Revision, now: UInt64) {
        self.db = db
        self.revision = revision
        self.now = now
        batch = revision.run.batch
    }

    func write() throws {
        let stored = try storedRun()
        let hashes = contentHashes()
        let runHash = runHash(of: hashes)
        guard stored?.hash != runHash else { return }
        let run = try writeSpans(hashes, storedBefore: stored != nil)
        try writeRun(hash: runHash, spans: run, stored: stored)
        try writeTraces()
        try dropEmptiedTraces()
        try RowStatement(
            db, sql: "DELETE FROM runs WHERE spans <= 0 AND id <> ?"
        ).run(revision.runID)
    }

    private struct StoredRun {
        var hash: Int64
        var firstDelivered: Int64
    }

    private func storedRun() throws -> StoredRun? {
        var statement = try RowStatement(
            db, sql: "SELECT hash, first_delivered_unix_nano FROM runs WHERE id = ?")
        statement.bind(revision.runID)
        var stored: StoredRun?
        try statement.forEachRow { row in
            stored = StoredRun(hash: row.integer(0), firstDelivered: row.integer(1))
        }
        return stored
    }

    /// One hash for each span; it covers everything that its rows hold.
    private func contentHashes() -> [Int64] {
        let scopes = batch.scopes.map { scope in
            var hash = ContentHash()
            hash.add(scope, of: batch)
            hash.add(batch.resources[Int(scope.resource)], of: batch)
            return UInt64(bitPattern: hash.value)
        }
        return zip(batch.spans, revision.run.spans).map { span, mended in
            var hash = ContentHash()
            hash.add(scopes[Int(span.scope)])
            hash.add(span, of: batch)
            hash.add(mended)
            return hash.value
        }
    }

    private func runHash(of spans: [Int64]) -> Int64 {
        var hash = ContentHash()
        hash.add(UInt64(truncatingIfNeeded: revision.number))
        hash.add(revision.isSettled ? 1 : 0)
        hash.add(revision.rolloutID ?? "")
        hash.add(revision.attemptID ?? "")
        for note in revision.run.notes { hash.add(note) }
        for span in spans { hash.add(UInt64(bitPattern: span)) }
        return hash.value
    }

    /// Writes the spans that changed and deletes those that went; returns how many the run has.
    private func writeSpans(_ hashes: [Int64], storedBefore: Bool) throws -> Int {
        // A span told twice has one row: the last one counts.
        var places: [SpanKey: Int] = [:]
        places.reserveCapacity(hashes.count)
        for (place, mended) in revision.run.spans.enumerated() where place < hashes.count {
            places[mended.reported] = place
        }
        var unchanged: Set<SpanKey> = []
        if storedBefore {
            var gone: [Int64] = []
            var statement = try RowStatement(
                db,
                sql: """
                    SELECT id, reported_trace_id, reported_span_id, hash FROM spans WHERE run = ?
                    """)
            statement.bind(revision.runID)
            try statement.forEachRow { row in
                guard let key = row.spanKey(1), let place = places[key] else {
                    gone.append(row.integer(0))
                    return
                }
                if hashes[place] == row.integer(3) { unchanged.insert(key) }
            }
            try delete(gone)
        }
        var writing = try SpanWriting(db, run: revision.runID, batch: batch)
        for (place, mended) in revision.run.spans.enumerated()
        where places[mended.reported] == place && !unchanged.contains(mended.reported) {
            try writing.write(batch.spans[place], mended, hash: hashes[place])
        }
        return places.count
    }

    private func delete(_ gone: [Int64]) throws {
        var statement = try RowStatement(db, sql: "DELETE FROM spans WHERE id = ?")
        for id in gone {
            statement.bind(id)
            try statement.run()
        }
    }

    private func writeRun(hash: Int64, spans: Int, stored: StoredRun?) throws {
        let starts = batch.spans.lazy.map(\.startTimeUnixNano).filter { $0 > 0 }
        let ends = batch.spans.lazy.map(\.endTimeUnixNano).filter { $0 > 0 }
        var json = JSONText()
        var statement = try RowStatement(
            db,
            sql: """
                INSERT OR REPLACE INTO runs (
                    id, rollout_id, attempt_id, revision, settled, spans, trace_ids,
                    started_unix_nano, ended_unix_nano, first_delivered_unix_nano,
                    last_delivered_unix_nano, notes, hash)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        statement.bind(revision.runID)
        statement.bind(revision.rolloutID)
        statement.bind(revision.attemptID)
        statement.bind(Int64(revision.number))
        statement.bind(revision.isSettled)
        statement.bind(Int64(spans))
        json.writeArray(reportedTraceIDs().map(\.description))
        statement.bind(text: json.bytes[...])
        statement.bind(starts.min().map { Int64(bitPattern: $0) })
        statement.bind(ends.max().map { Int64(bitPattern: $0) })
        statement.bind(stored?.firstDelivered ?? Int64(bitPattern: now))
        statement.bind(Int64(bitPattern: now))
        json.removeAll()
        json.writeArray(revision.run.notes)
        statement.bind(text: json.bytes[...])
        statement.bind(hash)
        try statement.run()
    }

    /// The trace ids of the run's spans as they were reported, each once, in causal order.
    private func reportedTraceIDs() -> [TraceID] {
        var seen: Set<TraceID> = []
        return revision.run.spans.lazy.filter { !$0.isPlaceholder }.map(\.reported.traceID)
            .filter { seen.insert($0).inserted }
    }

    /// A trace that turned out to belong to this run had a run of its own: when this one has taken
    /// its spans, nothing but placeholders is left there.
    private func dropEmptiedTraces() throws {
        let isEmptied =
            "NOT EXISTS (SELECT 1 FROM spans AS other WHERE other.run = ?1 AND other.placeholder = 0)"
        var spans = try RowStatement(db, sql: "DELETE FROM spans WHERE run = ?1 AND \(isEmptied)")
        var runs = try RowStatement(db, sql: "DELETE FROM runs WHERE id = ?1 AND \(isEmptied)")
        for trace in reportedTraceIDs().map(\.description) where trace != revision.runID {
            spans.bind(trace)
            try spans.run()
            runs.bind(trace)
            try runs.run()
        }
    }

    /// Both the reported and the mended trace ids lead to the run.
    private func writeTraces() throws {
        try RowStatement(db, sql: "DELETE FROM run_traces WHERE run = ?").run(revision.runID)
        var statement = try RowStatement(
            db, sql: "INSERT OR IGNORE INTO run_traces (trace_id, run) VALUES (?, ?)")
        for id in Set(reportedTraceIDs()).union(batch.spans.lazy.map(\.traceID)).sorted() {
            statement.bind(id.description)
            statement.bind(revision.runID)
            try statement.run()
        }
    }
}
