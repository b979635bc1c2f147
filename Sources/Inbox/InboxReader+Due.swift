internal import GRDB

/// How long a run is silent before it counts as whole.
public struct Silence: Hashable, Sendable {
    /// For the run of a trace whose parents have all arrived.
    public var graceNanoseconds: Int64
    /// For every other run.
    public var patienceNanoseconds: Int64

    public init(graceNanoseconds: Int64, patienceNanoseconds: Int64) {
        self.graceNanoseconds = graceNanoseconds
        self.patienceNanoseconds = patienceNanoseconds
    }
}

/// The runs that may have to be mended now.
public struct DueRuns: Sendable {
    /// Dirty runs whose pause is over, closed ones, and those whose silence is over.
    public var runs: [RunStatus]
    /// When the next pause or silence will be over, or was; nil when no run waits for that.
    public var nextUnixNano: Int64?
}

extension InboxReader {
    /// Looks up what may be due, through indexes that hold such runs alone: runs that wait for
    /// their silence to be over cost nothing.
    /// - Parameter limit: at most this many of each kind, oldest first.
    public func dueRuns(
        nowUnixNano now: Int64, silence: Silence, limit: Int
    ) async throws(InboxError) -> DueRuns {
        try await read { db in
            let dirty = try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT * FROM runs WHERE alias_of IS NULL AND mended_through < last_request
                        AND due_unix_nano <= ? ORDER BY id LIMIT ?
                        """), arguments: [now, limit])
            let closing = try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT * FROM runs WHERE alias_of IS NULL
                        AND closed_through >= own_request AND settled_through < closed_through
                        ORDER BY id LIMIT ?
                        """), arguments: [limit])
            var rows = dirty + closing
            var next = try Int64.fetchOne(
                db.cachedStatement(
                    sql: """
                        SELECT min(due_unix_nano) FROM runs
                        WHERE alias_of IS NULL AND mended_through < last_request
                        """))
            for (isQuick, pause) in [
                (true, silence.graceNanoseconds), (false, silence.patienceNanoseconds),
            ] {
                let silent = try Row.fetchAll(
                    db.cachedStatement(
                        sql: """
                            SELECT * FROM runs WHERE alias_of IS NULL
                            AND settled_through < own_request AND is_quick = ?
                            AND last_received_unix_nano <= ?
                            ORDER BY last_received_unix_nano LIMIT ?
                            """),
                    arguments: [isQuick, now.subtractingOrMinimum(pause), limit])
                rows += silent
                let earliest = try Int64.fetchOne(
                    db.cachedStatement(
                        sql: """
                            SELECT min(last_received_unix_nano) FROM runs WHERE alias_of IS NULL
                            AND settled_through < own_request AND is_quick = ?
                            """), arguments: [isQuick])
                if let earliest {
                    let (due, overflow) = earliest.addingReportingOverflow(pause)
                    next = min(next ?? .max, overflow ? .max : due)
                }
            }
            var seen: Set<Int64> = []
            let found = rows.compactMap { RunRow($0) }.filter { seen.insert($0.id).inserted }
            return DueRuns(
                runs: found.map(\.status), nextUnixNano: next)
        }
    }
}
