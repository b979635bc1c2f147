internal import Foundation
internal import GRDB
internal import OTLP

extension Inbox {
    /// Writes down a revision, and makes it wait for every configured sink.
    ///
    /// A run that is settled or closed stays so: only a request of its own opens it, so the revision
    /// counts as settled if it holds all of those, whatever the record says.
    /// - Returns: false when the run has meanwhile become another name of a run that it belongs to,
    ///   or is unknown: then nothing is written, and the revision must not be delivered.
    public func recordRevision(_ record: RevisionRecord) async throws(InboxError) -> Bool {
        try await writer.perform { db, ledger in
            try ledger.flush(db)
            guard let run = try ledger.row(of: record.run, db) else { return false }
            let settles = """
                (?4 OR (?3 >= own_request
                    AND max(settled_through, closed_through) >= own_request))
                """
            try db.cachedStatement(
                sql: """
                    UPDATE runs SET revision = max(revision, ?2),
                        mended_through = max(mended_through, ?3),
                        settled_through = CASE WHEN \(settles)
                            THEN max(settled_through, ?3)
                            ELSE min(settled_through, ?3 - 1) END,
                        revision_settled = \(settles),
                        is_whole = ?5, revised_unix_nano = ?6, mend_nanos = ?7,
                        rules_version = ?8, spans = ?9, traces = ?10
                    WHERE id = ?1 AND alias_of IS NULL
                    """
            ).execute(arguments: [
                run, record.number, record.throughRequest, record.isSettled, record.isWhole,
                record.recordedUnixNano, record.mendNanoseconds, record.rulesVersion,
                record.spans, record.traceIDs.reduce(into: Data()) { $0.append($1.data) },
            ])
            guard db.changesCount > 0 else { return false }
            let wait = try db.cachedStatement(
                sql: """
                    INSERT INTO deliveries (sink, run, state) VALUES (?, ?, 'waiting')
                    ON CONFLICT DO UPDATE SET state = 'waiting' WHERE state = 'delivered'
                    """)
            for sink in ledger.sinks { try wait.execute(arguments: [sink, run]) }
            // Where all sinks have given the run up, nobody else takes its requests out.
            try ledger.noteDelivery(of: run, db)
            return true
        }
    }

    /// Writes down that mending again gave the same spans: no revision, nothing to deliver.
    ///
    /// The sinks that have the last revision have these requests too.
    public func recordUnchanged(
        _ run: RunKey, throughRequest: Int64, mendNanoseconds: Int64
    ) async throws(InboxError) {
        try await writer.perform { db, ledger in
            try ledger.flush(db)
            guard let row = try ledger.row(of: run, db) else { return }
            try db.execute(
                sql: """
                    UPDATE deliveries SET delivered_through = max(delivered_through, ?2)
                    WHERE run = ?1 AND state = 'delivered'
                    """, arguments: [row, throughRequest])
            try db.execute(
                sql: """
                    UPDATE runs SET mended_through = max(mended_through, ?2), mend_nanos = ?3,
                        settled_through = CASE WHEN revision_settled
                            THEN max(settled_through, ?2) ELSE settled_through END
                    WHERE id = ?1 AND alias_of IS NULL
                    """, arguments: [row, throughRequest, mendNanoseconds])
            try ledger.noteDelivery(of: row, db)
        }
    }

    /// Closes a run: no more spans are expected. Aliases are followed.
    ///
    /// - Returns: the run as it is then, or nil when it is unknown. It is closed for good when a
    ///   settled revision through its `closedThrough` is recorded; a later request of its own opens
    ///   it again.
    public func close(_ run: RunKey) async throws(InboxError) -> RunStatus? {
        try await writer.perform { db, ledger in
            try ledger.flush(db)
            guard let found = try RunRow.find(run, db) else { return nil }
            try db.execute(
                sql: "UPDATE runs SET closed_through = last_request WHERE id = ?",
                arguments: [found.id])
            return try RunRow.find(run, db)?.status
        }
    }

    /// Makes runs dirty, so that they are mended again with the rules of today.
    ///
    /// - Parameter run: one run, or nil for all whose bodies are kept and whose last revision was
    ///   made by other rules than `rulesVersion`.
    /// - Returns: how many runs.
    public func remend(_ run: RunKey?, rulesVersion: String) async throws(InboxError) -> Int {
        try await writer.perform { db, ledger in
            try ledger.flush(db)
            if let run {
                guard let found = try RunRow.find(run, db) else { return 0 }
                try db.execute(
                    sql: "UPDATE runs SET mended_through = 0 WHERE id = ?", arguments: [found.id])
            } else {
                try db.execute(
                    sql: """
                        UPDATE runs SET mended_through = 0 WHERE alias_of IS NULL AND revision > 0
                        AND rules_version <> ?
                        AND (EXISTS (SELECT 1 FROM members WHERE run = runs.id)
                            OR EXISTS (SELECT 1 FROM runs AS own
                                JOIN members ON members.run = own.id
                                WHERE own.alias_of = runs.id))
                        """, arguments: [rulesVersion])
            }
            return db.changesCount
        }
    }
}
