internal import Foundation
internal import GRDB
internal import OTLP

/// What the writer knows by heart of the database: looked up once, thrown away after a failure.
struct Ledger {
    /// A trace as the runs of its spans see it.
    struct Trace {
        /// The trace's own row in `runs`; nil while every span names a run.
        var own: Int64?
        /// The runs that its spans name.
        var named: [Int64]

        /// Where spans that name no run belong, as far as the trace alone tells.
        var home: Int64? { named.count == 1 ? named.first : own }
        /// Several runs are named, and spans that name none lie between them.
        var isShared: Bool { named.count > 1 && own != nil }
    }

    /// What a transaction has to write to one row of `runs`.
    struct Touch: Equatable {
        var request: Int64
        /// The newest of the run's own requests; 0 where there is none.
        var ownRequest: Int64 = 0
        /// Nil for a run that only has to be mended again.
        var receivedUnixNano: ClosedRange<Int64>?
    }

    let sinks: [String]
    let bodies: BodyFiles
    var backlog = Backlog()
    var nextRequest: Int64 = 1
    var storedRequests = 0
    var storedBytes = 0
    var parked = 0
    var touches: [Int64: Touch] = [:]
    /// What the rows hold that the transaction made.
    private var made: [Int64: Touch] = [:]
    /// Runs that have come to share a trace with the request that is being written.
    private var joined: [TraceID: Set<Int64>] = [:]
    private var traces: [TraceID: Trace] = [:]
    private var runs: [RunKey: Int64] = [:]

    private static let cachedTraces = 65_536
    private static let cachedRuns = 65_536

    /// Reads what is stored and what is undelivered.
    init(reading db: Database, sinks: [String], bodies: BodyFiles) throws {
        self.sinks = sinks
        self.bodies = bodies
        if let row = try Row.fetchOne(
            db, sql: "SELECT count(*) AS n, coalesce(sum(bytes), 0) AS bytes FROM requests")
        {
            storedRequests = row["n"]
            storedBytes = row["bytes"]
        }
        let newest = try Int64.fetchOne(
            db,
            sql: """
                SELECT max((SELECT coalesce(max(id), 0) FROM requests),
                           (SELECT coalesce(max(last_request), 0) FROM runs))
                """)
        nextRequest = (newest ?? 0) + 1
        try countParked(db)
        guard !sinks.isEmpty else { return }
        let undelivered = try Int64.fetchAll(
            db,
            sql: """
                SELECT id FROM runs WHERE alias_of IS NULL AND (
                    SELECT count(*) FROM deliveries WHERE run = runs.id
                    AND (state = 'parked' OR delivered_through >= runs.last_request)
                    AND sink IN (\(Self.marks(sinks)))
                ) < \(sinks.count)
                """, arguments: StatementArguments(sinks))
        for run in undelivered { try awaitDelivery(of: run, db) }
    }

    var counts: InboxCounts {
        mutating get {
            var counts = InboxCounts()
            counts.requests = storedRequests
            counts.bytes = storedBytes
            counts.undeliveredRequests = backlog.count
            counts.undeliveredBytes = backlog.bytes
            counts.oldestUndeliveredUnixNano = backlog.oldestUnixNano()
            counts.parked = parked
            return counts
        }
    }

    /// Writes what the transaction's requests changed in their runs, each run once.
    mutating func flush(_ db: Database) throws {
        guard !touches.isEmpty else { return }
        let update = try db.cachedStatement(
            sql: """
                UPDATE runs SET last_request = max(last_request, ?1),
                    own_request = max(own_request, ?5),
                    first_received_unix_nano = min(first_received_unix_nano, ?2),
                    last_received_unix_nano = max(last_received_unix_nano, ?3)
                WHERE id = ?4
                """)
        for (run, touch) in touches where made[run] != touch {
            try update.execute(arguments: [
                touch.request, touch.receivedUnixNano?.lowerBound ?? Int64.max,
                touch.receivedUnixNano?.upperBound ?? Int64.min, run, touch.ownRequest,
            ])
        }
        touches.removeAll(keepingCapacity: true)
        made.removeAll(keepingCapacity: true)
    }

    /// Notes that a request changes a run's result; with the time when it is one of the run's own.
    mutating func touch(_ run: Int64, request: Int64, receivedUnixNano: Int64? = nil) {
        var touch = touches[run] ?? Touch(request: request)
        touch.request = max(touch.request, request)
        if let time = receivedUnixNano {
            touch.ownRequest = max(touch.ownRequest, request)
            let known = touch.receivedUnixNano ?? time...time
            touch.receivedUnixNano = min(known.lowerBound, time)...max(known.upperBound, time)
        }
        touches[run] = touch
    }

    /// Notes that runs share a trace from now on, so that its requests matter to them.
    mutating func join(_ runs: [Int64], in trace: TraceID) {
        joined[trace, default: []].formUnion(runs)
    }

    mutating func takeJoined() -> [TraceID: Set<Int64>] {
        defer { joined = [:] }
        return joined
    }

    // MARK: Rows that are looked up by name

    mutating func trace(_ id: TraceID, _ db: Database) throws -> Trace {
        if let known = traces[id] { return known }
        let key = RunKey.trace(id)
        // Most traces are new: one question for both tells that nothing is known of them.
        let known = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT run, 1 FROM trace_runs WHERE trace = ?
                    UNION ALL SELECT id, 0 FROM runs WHERE key = ?
                    """), arguments: [id.data, key.id])
        var trace = Trace(own: runs[key], named: [])
        for row in known {
            if row[1] == 1 { trace.named.append(row[0]) } else { trace.own = row[0] }
        }
        remember(trace, as: id)
        return trace
    }

    mutating func remember(_ trace: Trace, as id: TraceID) {
        if traces.count >= Self.cachedTraces { traces.removeAll(keepingCapacity: true) }
        traces[id] = trace
    }

    func row(of run: RunKey, _ db: Database) throws -> Int64? {
        if let known = runs[run] { return known }
        return try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT id FROM runs WHERE key = ?"), arguments: [run.id])
    }

    /// The row of a run, made where there is none.
    mutating func makeRow(
        of run: RunKey, request: Int64, receivedUnixNano: Int64, _ db: Database
    ) throws -> Int64 {
        if let known = runs[run] { return known }
        let id: Int64
        if let found = try row(of: run, db) {
            id = found
        } else {
            try db.cachedStatement(
                sql: """
                    INSERT INTO runs (key, first_received_unix_nano, last_received_unix_nano,
                        last_request, own_request) VALUES (?, ?, ?, ?, ?)
                    """
            ).execute(arguments: [run.id, receivedUnixNano, receivedUnixNano, request, request])
            id = db.lastInsertedRowID
            made[id] = Touch(
                request: request, ownRequest: request,
                receivedUnixNano: receivedUnixNano...receivedUnixNano)
        }
        if runs.count >= Self.cachedRuns { runs.removeAll(keepingCapacity: true) }
        runs[run] = id
        return id
    }

    /// Rows were removed: what was looked up may be gone.
    mutating func forgetRows() {
        traces.removeAll()
        runs.removeAll()
    }

    mutating func countParked(_ db: Database) throws {
        guard !sinks.isEmpty else { return }
        parked =
            try Int.fetchOne(
                db,
                sql: """
                    SELECT count(*) FROM deliveries WHERE state = 'parked'
                    AND sink IN (\(Self.marks(sinks)))
                    """, arguments: StatementArguments(sinks)) ?? 0
    }

    static func marks(_ values: [String]) -> String {
        values.map { _ in "?" }.joined(separator: ", ")
    }
}

extension TraceID {
    /// The 16 bytes in the order of the wire.
    var data: Data {
        withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Data($0) }
    }

    /// Reads 16 bytes; other lengths give the invalid id.
    init(data: some Collection<UInt8>) {
        var words: (UInt64, UInt64) = (0, 0)
        if data.count == 16 {
            for byte in data.prefix(8) { words.0 = words.0 << 8 | UInt64(byte) }
            for byte in data.dropFirst(8) { words.1 = words.1 << 8 | UInt64(byte) }
        }
        self.init(high: words.0, low: words.1)
    }
}
