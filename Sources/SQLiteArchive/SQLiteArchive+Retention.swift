import GRDB

extension SQLiteArchive {
    /// What a pruning took away.
    public struct Pruned: Hashable, Sendable {
        public var runs = 0
        public var spans = 0
    }

    /// Deletes whole runs, the one that was delivered longest ago first, until the limits hold.
    ///
    /// Works in steps of a few runs, so that deliveries get their turn in between. The file shrinks.
    /// - Parameters:
    ///   - maximumAge: since a run's last delivery; nil for no limit.
    ///   - maximumBytes: of the file, free pages and the WAL aside; nil for no limit.
    public func prune(
        maximumAge: Duration?, maximumBytes: Int64?
    ) async throws(ArchiveError) -> Pruned {
        let oldest = maximumAge.map { age in
            let (seconds, attoseconds) = age.components
            let nanoseconds = Double(seconds) * 1e9 + Double(attoseconds) / 1e9
            return Double(now()) - nanoseconds
        }
        let before = oldest.map { Int64(max(0, min($0, 9e18))) }
        var pruned = Pruned()
        do {
            while true {
                let step = try await pool.write { db in
                    try Self.pruneStep(db, before: before, maximumBytes: maximumBytes)
                }
                guard step.runs > 0 else { break }
                pruned.runs += step.runs
                pruned.spans += step.spans
            }
            guard pruned.runs > 0 else { return pruned }
            try await pool.write { db in
                try db.execute(
                    sql: """
                        DELETE FROM scopes WHERE NOT EXISTS (
                            SELECT 1 FROM spans WHERE spans.scope = scopes.id);
                        DELETE FROM resources WHERE NOT EXISTS (
                            SELECT 1 FROM scopes WHERE scopes.resource = resources.id);
                        """)
            }
            try await pool.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA incremental_vacuum")
            }
        } catch {
            throw ArchiveError(error)
        }
        return pruned
    }

    /// Deletes one run and the spans that it owns; nothing where there is no such run.
    ///
    /// For runs that became part of another one.
    public func remove(run id: String) async throws(ArchiveError) {
        do {
            try await pool.write { db in try Self.delete(run: id, db) }
        } catch {
            throw ArchiveError(error)
        }
    }

    /// Runs of one step: few, because a step holds the writer.
    private static let runsPerStep = 32

    private static func pruneStep(
        _ db: Database, before: Int64?, maximumBytes: Int64?
    ) throws -> Pruned {
        var pruned = Pruned()
        let candidates = try Row.fetchAll(
            db,
            sql: """
                SELECT id, last_delivered_unix_nano, spans FROM runs
                ORDER BY last_delivered_unix_nano, id LIMIT \(runsPerStep)
                """)
        for row in candidates {
            let isOld = before.map { (row[1] as Int64) < $0 } ?? false
            let isOver = try maximumBytes.map { try db.usedBytes() > $0 } ?? false
            guard isOld || isOver else { break }
            try delete(run: row[0], db)
            pruned.runs += 1
            pruned.spans += row[2] as Int
        }
        return pruned
    }

    private static func delete(run id: String, _ db: Database) throws {
        try db.execute(sql: "DELETE FROM spans WHERE run = ?", arguments: [id])
        try db.execute(sql: "DELETE FROM run_traces WHERE run = ?", arguments: [id])
        try db.execute(sql: "DELETE FROM runs WHERE id = ?", arguments: [id])
    }
}
