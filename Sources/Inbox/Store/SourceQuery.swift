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
        var requests = try requests(
            "m.run IN (SELECT ?1 UNION ALL SELECT id FROM runs WHERE alias_of = ?1)", [run.id])
        var neighbours: [RunKey] = []
        var seen: Set<Int64> = [run.id]
        for (trace, own) in try sharedTraces(of: run) {
            requests += try self.requests("m.run = ?1", [own])
            let peers = try Int64.fetchAll(
                db.cachedStatement(sql: "SELECT run FROM trace_runs WHERE trace = ?"),
                arguments: [trace])
            for peer in peers where peer != run.id {
                requests += try self.requests(
                    "m.run = ?1 AND instr(q.traces, ?2) > 0", [peer, trace])
            }
            for peer in [own] + peers where seen.insert(peer).inserted {
                let key = try String.fetchOne(
                    db.cachedStatement(sql: "SELECT key FROM runs WHERE id = ?"),
                    arguments: [peer])
                if let key = key.flatMap({ RunKey(id: $0) }) { neighbours.append(key) }
            }
        }
        if !neighbours.isEmpty || requests.count > 1 {
            requests.sort { $0.id < $1.id }
            var last: Int64?
            requests.removeAll { request in
                defer { last = request.id }
                return request.id == last
            }
        }
        return RunSources(
            run: run.status, throughRequest: run.status.lastRequest, requests: requests,
            neighbours: neighbours)
    }

    /// Traces that the run shares with others, and their rows in `runs`.
    private func sharedTraces(of run: RunRow) throws -> [(Data, Int64)] {
        if case .trace(let trace) = run.status.key {
            let named = try Int.fetchOne(
                db.cachedStatement(sql: "SELECT count(*) FROM trace_runs WHERE trace = ?"),
                arguments: [trace.data])
            return (named ?? 0) > 1 ? [(trace.data, run.id)] : []
        }
        // With one run alone the trace would be an alias.
        return try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT t.trace, own.id FROM trace_runs AS t
                    JOIN runs AS own ON own.key = lower(hex(t.trace)) AND own.alias_of IS NULL
                    WHERE t.run = ?
                    """), arguments: [run.id]
        ).map { ($0[0], $0[1]) }
    }

    private func requests(
        _ condition: String, _ arguments: StatementArguments
    ) throws -> [StoredRequest] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT q.* FROM members AS m JOIN requests AS q ON q.id = m.request
                    WHERE \(condition) ORDER BY q.id
                    """), arguments: arguments
        ).compactMap { StoredRequest($0) }
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
