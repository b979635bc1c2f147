internal import GRDB
internal import OTLP

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
        guard !sinks.isEmpty, let key = try key(of: run, db) else { return }
        let done = try deliveredThrough(run, db)
        for request in try SourceQuery(db).requests(of: run, key: key, after: done) {
            backlog.add(
                request.id, bytes: request.bytes, receivedUnixNano: request.receivedUnixNano,
                to: run)
        }
    }

    /// Puts into the backlog what runs that have come to share a trace have not delivered of it.
    mutating func awaitDelivery(
        ofTrace id: TraceID, by runs: Set<Int64>, _ db: Database
    ) throws {
        guard !sinks.isEmpty, let own = try trace(id, db).own else { return }
        let requests = try SourceQuery(db).requests(ofSharedTrace: id.data, own: own)
        for run in runs {
            let done = try deliveredThrough(run, db)
            for request in requests where request.id > done {
                backlog.add(
                    request.id, bytes: request.bytes, receivedUnixNano: request.receivedUnixNano,
                    to: run)
            }
        }
    }

    private func key(of run: Int64, _ db: Database) throws -> RunKey? {
        try String.fetchOne(
            db.cachedStatement(sql: "SELECT key FROM runs WHERE id = ?"), arguments: [run]
        ).flatMap { RunKey(id: $0) }
    }

    /// Takes out of the backlog what a run has delivered.
    mutating func noteDelivery(of run: Int64, _ db: Database) throws {
        backlog.deliver(run, through: try deliveredThrough(run, db))
    }
}
