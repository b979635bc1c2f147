internal import GRDB
internal import OTLP

extension InboxReader {
    /// The runs of a rollout, one for each attempt and one for what came without; oldest first.
    public func runs(ofRollout rollout: String) async throws(InboxError) -> [RunStatus] {
        let prefix = RunKey.rollout(rollout).id
        return try await read { db in
            try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT * FROM runs WHERE alias_of IS NULL AND key >= ?1 AND key < ?2
                        ORDER BY id
                        """), arguments: [prefix, String(prefix.dropLast()) + "0"]
            ).compactMap { RunRow($0)?.status }.filter { $0.key.rolloutID == rollout }
        }
    }

    /// Attempts whose runs are not settled, those with the latest spans first.
    public func openAttempts(limit: Int) async throws(InboxError) -> [RunStatus] {
        try await read { db in
            try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT * FROM runs WHERE alias_of IS NULL AND settled_through < own_request
                        AND is_quick = 0 AND instr(key, '/') > 0
                        ORDER BY last_received_unix_nano DESC LIMIT ?
                        """), arguments: [limit]
            ).compactMap { RunRow($0)?.status }.filter { $0.key.attemptID != nil }
        }
    }
}
