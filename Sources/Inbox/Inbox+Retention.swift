internal import GRDB

/// How long bodies are kept that every sink has.
public struct RetentionPolicy: Hashable, Sendable {
    /// Bodies older than this go.
    public var keepNanoseconds: Int64
    /// The oldest bodies go until no more than these bytes are kept.
    public var keepBytes: Int
    /// Runs without bodies are forgotten after this time: late spans then begin a new run.
    public var forgetNanoseconds: Int64

    public init(
        keepNanoseconds: Int64 = 86_400_000_000_000, keepBytes: Int = 2 << 30,
        forgetNanoseconds: Int64 = 30 * 86_400_000_000_000
    ) {
        self.keepNanoseconds = keepNanoseconds
        self.keepBytes = keepBytes
        self.forgetNanoseconds = forgetNanoseconds
    }
}

extension Inbox {
    /// Deletes what is delivered and over age or size, oldest first, and cuts the write-ahead log.
    ///
    /// Requests that a run has still to deliver to some configured sink stay, unless it is parked
    /// there. Runs that have not settled keep their requests as long as the size allows.
    /// It works in small transactions, so that appending goes on beside it.
    public func prune(
        _ policy: RetentionPolicy, nowUnixNano: Int64
    ) async throws(InboxError) -> PruneReport {
        var report = PruneReport()
        let aged = nowUnixNano.subtractingOrMinimum(policy.keepNanoseconds)
        try await prune(&report, PruneStep(receivedBefore: aged))
        try await prune(&report, PruneStep(keepBytes: policy.keepBytes))
        try await prune(&report, PruneStep(keepBytes: policy.keepBytes, sparesUnsettled: false))
        report.runs = try await forget(
            before: nowUnixNano.subtractingOrMinimum(policy.forgetNanoseconds))
        // With durability `process` it is the checkpoint that makes the deletion of rows durable.
        try await writer.checkpoint()
        try await writer.deleteUnusedBodies()
        return report
    }

    private func prune(_ report: inout PruneReport, _ step: PruneStep) async throws(InboxError) {
        var step = step
        while true {
            let current = step
            let (pruned, next) = try await writer.perform { db, ledger in
                try ledger.flush(db)
                return try ledger.prune(current, db)
            }
            report.requests += pruned.requests
            report.bytes += pruned.bytes
            guard let next else { return }
            step.after = next
        }
    }

    /// Runs that nothing is kept of, and nothing came for since then.
    private func forget(before time: Int64) async throws(InboxError) -> Int {
        try await writer.perform { db, ledger in
            try ledger.flush(db)
            let old = """
                SELECT id FROM runs WHERE last_received_unix_nano < ?1
                AND settled_through >= own_request AND mended_through >= last_request
                AND NOT EXISTS (SELECT 1 FROM members WHERE run = runs.id)
                AND NOT EXISTS (SELECT 1 FROM runs AS own JOIN members ON members.run = own.id
                    WHERE own.alias_of = runs.id)
                """
            try db.execute(
                sql: "CREATE TEMP TABLE IF NOT EXISTS forgotten (id INTEGER PRIMARY KEY)")
            try db.execute(sql: "DELETE FROM temp.forgotten")
            try db.execute(sql: "INSERT INTO temp.forgotten \(old)", arguments: [time])
            let count = db.changesCount
            guard count > 0 else { return 0 }
            try db.execute(
                sql: """
                    DELETE FROM deliveries WHERE run IN (SELECT id FROM temp.forgotten);
                    DELETE FROM pins WHERE run IN (SELECT id FROM temp.forgotten);
                    DELETE FROM trace_runs WHERE run IN (SELECT id FROM temp.forgotten);
                    DELETE FROM runs WHERE alias_of IN (SELECT id FROM temp.forgotten);
                    DELETE FROM runs WHERE id IN (SELECT id FROM temp.forgotten);
                    """)
            ledger.forgetRows()
            try ledger.countParked(db)
            return count
        }
    }
}

/// One walk over the requests, oldest first.
struct PruneStep: Sendable {
    var receivedBefore: Int64 = .max
    /// Stops when no more than these bytes are kept.
    var keepBytes: Int = 0
    var sparesUnsettled = true
    /// The last request that was looked at.
    var after: Int64 = 0
    /// How many requests one transaction looks at.
    var limit = 500
}

extension Ledger {
    /// - Returns: what was deleted, and the request to go on after, or nil at the end.
    mutating func prune(_ step: PruneStep, _ db: Database) throws -> (PruneReport, Int64?) {
        var report = PruneReport()
        guard storedBytes > step.keepBytes else { return (report, nil) }
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT id, bytes FROM requests WHERE id > ? AND received_unix_nano < ?
                    ORDER BY id LIMIT ?
                    """), arguments: [step.after, step.receivedBefore, step.limit])
        var last: Int64?
        for row in rows {
            let request: Int64 = row["id"]
            last = request
            guard storedBytes > step.keepBytes else { return (report, nil) }
            guard !backlog.contains(request) else { continue }
            if step.sparesUnsettled, try isOfUnsettledRun(request, db) { continue }
            try delete(request, db)
            let bytes: Int = row["bytes"]
            storedBytes -= bytes
            storedRequests -= 1
            report.bytes += bytes
            report.requests += 1
        }
        return (report, rows.count < step.limit ? nil : last)
    }

    private func isOfUnsettledRun(_ request: Int64, _ db: Database) throws -> Bool {
        try Bool.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT EXISTS (SELECT 1 FROM members AS m JOIN runs AS own ON own.id = m.run
                        JOIN runs AS r ON r.id = coalesce(own.alias_of, own.id)
                        WHERE m.request = ? AND (r.settled_through < r.own_request
                            OR r.mended_through < r.last_request))
                    """), arguments: [request]) ?? false
    }

    private func delete(_ request: Int64, _ db: Database) throws {
        try db.cachedStatement(
            sql: """
                UPDATE runs SET pruned_through = max(pruned_through, ?1) WHERE id IN
                    (SELECT coalesce(own.alias_of, own.id) FROM members AS m
                        JOIN runs AS own ON own.id = m.run WHERE m.request = ?1)
                """
        ).execute(arguments: [request])
        let rows = [
            "members WHERE request", "bodies WHERE id", "body_places WHERE id", "requests WHERE id",
        ]
        for table in rows {
            try db.cachedStatement(sql: "DELETE FROM \(table) = ?").execute(arguments: [request])
        }
    }
}

extension Int64 {
    func subtractingOrMinimum(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? .min : difference
    }
}
