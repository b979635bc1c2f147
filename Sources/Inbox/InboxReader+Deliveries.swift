internal import Foundation
internal import GRDB
internal import OTLP

extension InboxReader {
    /// What a sink has to be given now, oldest runs first.
    ///
    /// - Parameter settledOnly: leaves out runs whose last revision was not settled: for appending
    ///   sinks.
    public func undelivered(
        sink: String, settledOnly: Bool, nowUnixNano: Int64, limit: Int
    ) async throws(InboxError) -> [Delivery] {
        try await deliveries(
            """
            d.sink = ? AND d.state = 'waiting' AND d.next_attempt_unix_nano <= ?
            AND (NOT ? OR runs.revision_settled)
            """, [sink, nowUnixNano, settledOnly], limit: limit)
    }

    /// The state of every sink with one run; aliases are followed; empty before the first revision.
    public func deliveries(of run: RunKey) async throws(InboxError) -> [Delivery] {
        guard let found = try await read({ try RunRow.find(run, $0)?.id }) else { return [] }
        return try await deliveries("d.run = ?", [found], limit: .max)
    }

    /// All deliveries in a state, oldest runs first.
    public func deliveries(
        in state: Delivery.State, limit: Int
    ) async throws(InboxError) -> [Delivery] {
        try await deliveries("d.state = ?", [state.rawValue], limit: limit)
    }

    /// Deliveries that failed and are tried again, oldest runs first.
    public func failedDeliveries(limit: Int) async throws(InboxError) -> [Delivery] {
        try await deliveries("d.state = 'waiting' AND d.attempts > 0", [], limit: limit)
    }

    /// When the next failed delivery of a sink may be tried again; nil when none waits for its time.
    public func nextAttemptUnixNano(
        sink: String, afterUnixNano now: Int64
    ) async throws(InboxError) -> Int64? {
        try await read { db in
            try Int64.fetchOne(
                db.cachedStatement(
                    sql: """
                        SELECT min(next_attempt_unix_nano) FROM deliveries
                        WHERE sink = ? AND state = 'waiting' AND next_attempt_unix_nano > ?
                        """), arguments: [sink, now])
        }
    }

    /// What a sink cannot take back of a run; aliases are followed.
    ///
    /// A superset: a span of a shared trace may have been given with a run that it no longer belongs
    /// to, so all pins of the run's traces are there.
    /// - Parameter withThisRun: only what was given with this run.
    public func pins(
        sink: String, run: RunKey, withThisRun: Bool = false
    ) async throws(InboxError) -> [SpanPin] {
        try await read { db in
            guard let found = try RunRow.find(run, db) else { return [] }
            return try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT trace, span, mended_trace, parent, sequence, duplicate_of FROM pins
                        WHERE sink = ?1 AND run = ?2
                        UNION
                        SELECT trace, span, mended_trace, parent, sequence, duplicate_of FROM pins
                        WHERE sink = ?1 AND NOT ?4 AND trace IN
                            (SELECT trace FROM trace_runs WHERE run = ?2 UNION ALL SELECT ?3)
                        """), arguments: [sink, found.id, found.ownTrace, withThisRun]
            ).map { SpanPin($0) }
        }
    }

    private func deliveries(
        _ condition: String, _ arguments: StatementArguments, limit: Int
    ) async throws(InboxError) -> [Delivery] {
        try await read { db in
            try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT d.sink, d.state, d.revision AS sink_revision, d.delivered_through,
                            d.is_settled, d.attempts, d.next_attempt_unix_nano, d.error, runs.*
                        FROM deliveries AS d JOIN runs ON runs.id = d.run
                        WHERE \(condition) AND runs.alias_of IS NULL
                        ORDER BY runs.first_received_unix_nano, runs.id, d.sink LIMIT ?
                        """), arguments: arguments + [limit]
            ).compactMap { Delivery($0) }
        }
    }
}

extension Delivery {
    init?(_ row: Row) {
        guard let run = RunRow(row), let state = State(rawValue: row["state"]) else { return nil }
        self.init(
            sink: row["sink"], run: run.status, state: state, revision: row["sink_revision"],
            throughRequest: row["delivered_through"], isSettled: row["is_settled"],
            attempts: row["attempts"], nextAttemptUnixNano: row["next_attempt_unix_nano"],
            error: row["error"])
    }
}

extension SpanPin {
    init(_ row: Row) {
        let reported: Data = row["trace"]
        let mended: Data = row["mended_trace"]
        let duplicateOf: Int64? = row["duplicate_of"]
        self.init(
            reported: SpanKey(
                traceID: TraceID(data: reported),
                spanID: SpanID(word: UInt64(bitPattern: row["span"]))
            ),
            traceID: TraceID(data: mended),
            parentSpanID: SpanID(word: UInt64(bitPattern: row["parent"])),
            sequence: row["sequence"],
            duplicateOf: duplicateOf.map { SpanID(word: UInt64(bitPattern: $0)) })
    }
}
