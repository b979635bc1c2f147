internal import Foundation
internal import GRDB
internal import OTLP

/// Finds the requests that a run's result depends on.
///
/// They are the requests of the run and of the traces that are other names of it. Where a trace is
/// shared by several runs and has spans that name none, all requests of that trace count, because
/// any of its spans may decide where those belong.
struct SourceQuery {
    private let db: Database

    init(_ db: Database) {
        self.db = db
    }

    func sources(of run: RunRow) throws -> RunSources {
        RunSources(
            run: run.status, throughRequest: run.status.lastRequest,
            requests: try requests(of: run.id, key: run.status.key))
    }

    /// What a run depends on, in the order of arrival.
    /// - Parameter after: leaves out this request and all before it.
    func requests(of run: Int64, key: RunKey, after: Int64 = 0) throws -> [StoredRequest] {
        var requests = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT q.* FROM members AS m JOIN requests AS q ON q.id = m.request
                    WHERE m.request > ?1 AND m.run IN
                        (SELECT ?2 UNION ALL SELECT id FROM runs WHERE alias_of = ?2)
                    """), arguments: [after, run]
        ).compactMap { StoredRequest($0) }
        for (trace, own) in try sharedTraces(of: run, key: key) {
            requests += try self.requests(ofSharedTrace: trace, own: own, after: after)
        }
        requests.sort { $0.id < $1.id }
        var last: Int64?
        requests.removeAll { request in
            defer { last = request.id }
            return request.id == last
        }
        return requests
    }

    /// The requests that have spans of a trace that several runs share.
    /// - Parameter own: the row of the trace's own run.
    func requests(
        ofSharedTrace trace: Data, own: Int64, after: Int64 = 0
    ) throws -> [StoredRequest] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT * FROM requests WHERE instr(traces, ?3) > 0 AND id IN (
                        SELECT request FROM members WHERE run = ?2 AND request > ?1
                        UNION ALL
                        SELECT m.request FROM trace_runs AS t JOIN members AS m ON m.run = t.run
                        WHERE t.trace = ?3 AND m.request > ?1)
                    """), arguments: [after, own, trace]
        ).compactMap { StoredRequest($0) }
    }

    /// Traces that the run shares with others, and their rows in `runs`.
    private func sharedTraces(of run: Int64, key: RunKey) throws -> [(Data, Int64)] {
        if case .trace(let trace) = key {
            let named = try Int.fetchOne(
                db.cachedStatement(sql: "SELECT count(*) FROM trace_runs WHERE trace = ?"),
                arguments: [trace.data])
            return (named ?? 0) > 1 ? [(trace.data, run)] : []
        }
        // With one run alone the trace would be an alias.
        return try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT t.trace, own.id FROM trace_runs AS t
                    JOIN runs AS own ON own.key = lower(hex(t.trace)) AND own.alias_of IS NULL
                    WHERE t.run = ?
                    """), arguments: [run]
        ).map { ($0[0], $0[1]) }
    }

}

extension StoredRequest {
    /// Nil for kinds that this version does not know.
    init?(_ row: Row) {
        guard let kind = RequestKind(rawValue: row["kind"]),
            let mediaType = RequestMediaType(rawValue: row["media_type"]),
            let encoding = RequestEncoding(rawValue: row["encoding"])
        else { return nil }
        self.init(
            id: row["id"], receivedUnixNano: row["received_unix_nano"], kind: kind,
            mediaType: mediaType, encoding: encoding,
            context: RequestContext(
                pathRollout: row["path_rollout"], pathAttempt: row["path_attempt"],
                headerRollout: row["header_rollout"], headerAttempt: row["header_attempt"]),
            spans: row["spans"], bytes: row["bytes"])
    }
}
