internal import GRDB

extension Ledger {
    /// Gives sinks that are new here the runs whose bodies are still kept.
    static func enroll(_ sinks: [String], _ db: Database) throws {
        for sink in sinks {
            try db.execute(
                sql: """
                    INSERT OR IGNORE INTO deliveries (sink, run, state)
                    SELECT ?, id, 'waiting' FROM runs WHERE alias_of IS NULL AND revision > 0
                    AND (EXISTS (SELECT 1 FROM members WHERE run = runs.id)
                        OR EXISTS (SELECT 1 FROM runs AS own JOIN members ON members.run = own.id
                            WHERE own.alias_of = runs.id))
                    """, arguments: [sink])
        }
    }

    /// The newest request of a run that every sink has, or has given up.
    func deliveredThrough(_ run: Int64, _ db: Database) throws -> Int64 {
        var least = Int64.max
        let statement = try db.cachedStatement(
            sql: "SELECT state, delivered_through FROM deliveries WHERE sink = ? AND run = ?")
        for sink in sinks {
            guard let row = try Row.fetchOne(statement, arguments: [sink, run]) else { return 0 }
            if row["state"] == Delivery.State.parked.rawValue { continue }
            least = min(least, row["delivered_through"])
        }
        return least
    }

    /// Puts into the backlog what a run has not delivered.
    mutating func awaitDelivery(of run: Int64, _ db: Database) throws {
        guard !sinks.isEmpty else { return }
        let done = try deliveredThrough(run, db)
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT q.id, q.bytes, q.received_unix_nano FROM members AS m
                    JOIN requests AS q ON q.id = m.request
                    WHERE m.request > ?2 AND m.run IN
                        (SELECT ?1 UNION ALL SELECT id FROM runs WHERE alias_of = ?1)
                    """), arguments: [run, done])
        while let row = try rows.next() {
            backlog.add(row[0], bytes: row[1], receivedUnixNano: row[2], to: run)
        }
    }

    /// Takes out of the backlog what a run has delivered.
    mutating func noteDelivery(of run: Int64, _ db: Database) throws {
        backlog.deliver(run, through: try deliveredThrough(run, db))
    }
}
