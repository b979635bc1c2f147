internal import Foundation
internal import GRDB
internal import OTLP

/// A row of `runs`.
struct RunRow {
    var id: Int64
    var status: RunStatus

    /// Nil for a key that this version does not read.
    init?(_ row: Row) {
        guard let key = RunKey(id: row["key"]) else { return nil }
        id = row["id"]
        let lastRequest: Int64 = row["last_request"]
        let ownRequest: Int64 = row["own_request"]
        let closedThrough: Int64 = row["closed_through"]
        let isSettled = row["settled_through"] >= ownRequest
        let traces: Data = row["traces"]
        status = RunStatus(
            key: key, cursor: id,
            state: closedThrough >= ownRequest ? .closed : isSettled ? .settled : .open,
            firstReceivedUnixNano: row["first_received_unix_nano"],
            lastReceivedUnixNano: row["last_received_unix_nano"],
            lastRequest: lastRequest, mendedThrough: row["mended_through"],
            closedThrough: closedThrough, prunedThrough: row["pruned_through"],
            revision: row["revision"], revisedUnixNano: row["revised_unix_nano"],
            mendNanoseconds: row["mend_nanos"], rulesVersion: row["rules_version"],
            spans: row["spans"],
            traceIDs: stride(from: 0, to: traces.count - traces.count % 16, by: 16).map {
                TraceID(data: traces.dropFirst($0).prefix(16))
            },
            isWhole: row["is_whole"], isSettled: isSettled)
    }

    /// The reported trace that is all the run goes by; nil for a run that is named, and for the
    /// invalid trace, which ties nothing together.
    var ownTrace: Data? {
        guard case .trace(let trace) = status.key, trace.isValid else { return nil }
        return trace.data
    }

    /// The row of a run, or of the run that its trace turned out to belong to.
    static func find(_ run: RunKey, _ db: Database) throws -> RunRow? {
        let named = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT target.* FROM runs
                    JOIN runs AS target ON target.id = coalesce(runs.alias_of, runs.id)
                    WHERE runs.key = ?
                    """), arguments: [run.id])
        if let named { return RunRow(named) }
        guard case .trace(let trace) = run else { return nil }
        let owners = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT runs.* FROM trace_runs JOIN runs ON runs.id = trace_runs.run
                    WHERE trace_runs.trace = ? LIMIT 2
                    """), arguments: [trace.data])
        return owners.count == 1 ? owners.first.flatMap { RunRow($0) } : nil
    }
}
