internal import Foundation
internal import GRDB
internal import OTLP

extension Inbox {
    /// Writes down that a sink has a revision, together with what it cannot take back of it.
    ///
    /// A revision that is older than what the sink has changes nothing but pins. For a run that has
    /// meanwhile become another name of a run, the pins go to that run.
    /// - Parameters:
    ///   - throughRequest: of the revision that was delivered.
    ///   - pins: what an appending sink was given with this delivery; a pin that is there stays.
    public func delivered(
        sink: String, run: RunKey, revision: Int, throughRequest: Int64, isSettled: Bool,
        pins: [SpanPin] = []
    ) async throws(InboxError) {
        try await writer.perform { db, ledger in
            try ledger.flush(db)
            guard let found = try RunRow.find(run, db) else { return }
            try Self.insert(pins, sink: sink, run: found.id, db)
            guard found.status.key == run else { return }
            let state = try String.fetchOne(
                db.cachedStatement(sql: "SELECT state FROM deliveries WHERE sink = ? AND run = ?"),
                arguments: [sink, found.id])
            try db.cachedStatement(
                sql: """
                    INSERT INTO deliveries (sink, run, state, revision, delivered_through, is_settled)
                    VALUES (?1, ?2, CASE WHEN ?3 < ?6 THEN 'waiting' ELSE 'delivered' END,
                        ?3, ?4, ?5)
                    ON CONFLICT DO UPDATE SET state = excluded.state, revision = ?3,
                        delivered_through = max(delivered_through, ?4), is_settled = ?5,
                        attempts = 0, next_attempt_unix_nano = 0, error = NULL
                    WHERE revision <= ?3
                    """
            ).execute(arguments: [
                sink, found.id, revision, throughRequest, isSettled, found.status.revision,
            ])
            try ledger.noteDelivery(of: found.id, db)
            if state == Delivery.State.parked.rawValue { try ledger.countParked(db) }
        }
    }

    /// Writes down that a delivery failed, and when it may be tried again.
    public func failed(
        sink: String, run: RunKey, error: String, retryAtUnixNano: Int64
    ) async throws(InboxError) {
        try await change(
            sink: sink, run: run,
            """
            state = 'waiting', attempts = attempts + 1, error = ?3, next_attempt_unix_nano = ?4
            """, [error, retryAtUnixNano])
    }

    /// Gives a run up for a sink until `unpark`; new revisions of it stay parked too.
    public func park(sink: String, run: RunKey, error: String) async throws(InboxError) {
        try await change(
            sink: sink, run: run, "state = 'parked', attempts = attempts + 1, error = ?3", [error])
    }

    /// Parks the oldest runs of a sink until no more than these bytes wait for it.
    ///
    /// - Returns: how many runs were parked.
    public func parkOldest(
        sink: String, keepingBytes limit: Int, error: String
    ) async throws(InboxError) -> Int {
        try await writer.perform { db, ledger in
            try ledger.flush(db)
            let waiting = try Row.fetchAll(
                db,
                sql: """
                    SELECT d.run, (
                        SELECT coalesce(sum(q.bytes), 0) FROM members AS m
                        JOIN requests AS q ON q.id = m.request
                        WHERE m.request > d.delivered_through AND m.run IN
                            (SELECT d.run UNION ALL SELECT id FROM runs WHERE alias_of = d.run)
                    ) FROM deliveries AS d JOIN runs ON runs.id = d.run
                    WHERE d.sink = ? AND d.state = 'waiting'
                    ORDER BY runs.first_received_unix_nano DESC, runs.id DESC
                    """, arguments: [sink])
            var bytes = 0
            var parked = 0
            for row in waiting {
                bytes += row[1]
                guard bytes > limit else { continue }
                let run: Int64 = row[0]
                try db.execute(
                    sql:
                        "UPDATE deliveries SET state = 'parked', error = ? WHERE sink = ? AND run = ?",
                    arguments: [error, sink, run])
                try ledger.noteDelivery(of: run, db)
                parked += 1
            }
            try ledger.countParked(db)
            return parked
        }
    }

    /// Lets parked runs be tried again, at once.
    ///
    /// - Parameters: a sink or a run, or nil for all.
    /// - Returns: how many deliveries.
    public func unpark(sink: String? = nil, run: RunKey? = nil) async throws(InboxError) -> Int {
        try await writer.perform { db, ledger in
            try ledger.flush(db)
            var id: Int64?
            if let run {
                guard let found = try RunRow.find(run, db) else { return 0 }
                id = found.id
            }
            let condition = "state = 'parked' AND sink = ifnull(?1, sink) AND run = ifnull(?2, run)"
            let runs = try Int64.fetchAll(
                db, sql: "SELECT DISTINCT run FROM deliveries WHERE \(condition)",
                arguments: [sink, id])
            try db.execute(
                sql: """
                    UPDATE deliveries SET state = 'waiting', attempts = 0,
                        next_attempt_unix_nano = 0 WHERE \(condition)
                    """, arguments: [sink, id])
            let changed = db.changesCount
            for run in runs { try ledger.awaitDelivery(of: run, db) }
            try ledger.countParked(db)
            return changed
        }
    }

    /// Changes one delivery; a run that has become another name of a run has none.
    private func change(
        sink: String, run: RunKey, _ assignments: String,
        _ values: [any DatabaseValueConvertible & Sendable]
    ) async throws(InboxError) {
        try await writer.perform { db, ledger in
            try ledger.flush(db)
            guard let found = try RunRow.find(run, db), found.status.key == run else { return }
            try db.execute(
                sql: "INSERT OR IGNORE INTO deliveries (sink, run, state) VALUES (?, ?, 'waiting')",
                arguments: [sink, found.id])
            try db.execute(
                sql: "UPDATE deliveries SET \(assignments) WHERE sink = ?1 AND run = ?2",
                arguments: StatementArguments([sink, found.id] + values))
            try ledger.awaitDelivery(of: found.id, db)
            try ledger.noteDelivery(of: found.id, db)
            try ledger.countParked(db)
        }
    }

    private static func insert(
        _ pins: [SpanPin], sink: String, run: Int64, _ db: Database
    ) throws {
        let insert = try db.cachedStatement(
            sql: "INSERT OR IGNORE INTO pins VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        for pin in pins {
            try insert.execute(arguments: [
                sink, pin.reported.traceID.data, Int64(bitPattern: pin.reported.spanID.word), run,
                pin.traceID.data, Int64(bitPattern: pin.parentSpanID.word), pin.sequence,
                pin.duplicateOf.map { Int64(bitPattern: $0.word) },
            ])
        }
    }
}
