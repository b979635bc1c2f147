import Foundation
import GRDB
public import OTLP

/// Asks an archive, in the process that writes it or in any other.
///
/// Each call sees one consistent state of the file; none waits for a writer.
public struct ArchiveReader: Sendable {
    private let database: any DatabaseReader

    init(_ database: any DatabaseReader) {
        self.database = database
    }

    /// Opens the archive of a data directory for reading only. Blocks while it does.
    public init(directory: String) throws(ArchiveError) {
        let path = directory + "/" + SQLiteArchive.fileName
        guard FileManager.default.fileExists(atPath: path) else { throw .absent(path: path) }
        var options = Configuration()
        options.label = "tracemend.archive.reader"
        options.readonly = true
        options.busyMode = .timeout(5)
        do {
            database = try DatabasePool(path: path, configuration: options)
            try database.read { db in
                let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
                guard found > 0 else { throw ArchiveError.absent(path: path) }
                guard found <= ArchiveSchema.version else {
                    throw ArchiveError.newerSchema(
                        path: path, found: found, known: ArchiveSchema.version)
                }
            }
        } catch {
            throw ArchiveError(error, opening: path)
        }
    }

    /// Runs, the one that came to the archive last first.
    ///
    /// The order of a run never changes, so paging neither repeats nor skips one.
    /// - Parameters:
    ///   - limit: at least 1.
    ///   - cursor: `next` of the page before; nil for the first.
    public func runs(
        limit: Int, after cursor: String? = nil
    ) async throws(ArchiveError) -> ArchivedRunPage {
        let place = try cursor.map { text throws(ArchiveError) in try RunCursor(text) }
        let limit = max(1, limit)
        let found = try await read { db in
            var statement = try RowStatement(
                db,
                sql: """
                    SELECT \(ArchivedRun.columns) FROM runs
                    WHERE spans > 0 AND (first_delivered_unix_nano, id) < (?, ?)
                    ORDER BY first_delivered_unix_nano DESC, id DESC LIMIT ?
                    """)
            statement.bind(place?.firstDelivered ?? Int64.max)
            statement.bind(place?.id ?? "")
            statement.bind(Int64(clamping: limit) &+ (limit < Int.max ? 1 : 0))
            return try statement.runs()
        }
        guard found.count > limit, let last = found.prefix(limit).last else {
            return ArchivedRunPage(runs: found, next: nil)
        }
        return ArchivedRunPage(runs: Array(found.prefix(limit)), next: RunCursor(last).text)
    }

    /// The run with this id; nil when the archive has it not.
    public func run(_ id: String) async throws(ArchiveError) -> ArchivedRun? {
        try await read { db in
            var statement = try RowStatement(
                db, sql: "SELECT \(ArchivedRun.columns) FROM runs WHERE id = ?")
            statement.bind(id)
            return try statement.runs().first
        }
    }

    /// The runs that have spans of a trace, reported or mended, by id.
    public func runs(ofTrace id: TraceID) async throws(ArchiveError) -> [String] {
        try await read { db in
            try String.fetchAll(
                db,
                sql: """
                    SELECT run FROM run_traces
                    WHERE trace_id = ? AND run IN (SELECT id FROM runs) ORDER BY run
                    """, arguments: [id.description])
        }
    }

    /// The attempts of a rollout, by run id, in the order in which they came.
    public func runs(ofRollout rolloutID: String) async throws(ArchiveError) -> [ArchivedRun] {
        try await read { db in
            var statement = try RowStatement(
                db,
                sql: """
                    SELECT \(ArchivedRun.columns) FROM runs WHERE rollout_id = ?
                    ORDER BY first_delivered_unix_nano, id
                    """)
            statement.bind(rolloutID)
            return try statement.runs()
        }
    }

    /// How many spans the archive holds.
    public func spanCount() async throws(ArchiveError) -> Int {
        try await read { db in
            try Int.fetchOne(db, sql: "SELECT COALESCE(SUM(spans), 0) FROM runs") ?? 0
        }
    }

    /// The bytes of the file that are in use.
    public func byteCount() async throws(ArchiveError) -> Int64 {
        try await read { db in try db.usedBytes() }
    }

    /// The spans of a run as they were delivered, in causal order; nil when the archive has it not.
    ///
    /// Ids and parents are the mended ones; the attributes `tracemend.reported.*` have the others.
    /// - Parameter keys: what attribute keys are numbered by.
    public func batch(
        ofRun id: String, keys: KeyTable = .none
    ) async throws(ArchiveError) -> TraceBatch? {
        try await read { db in
            var reading = RunReading(db, run: id, keys: keys)
            return try reading.read()
        }
    }

    private func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(ArchiveError) -> Value {
        do {
            return try await database.read(body)
        } catch {
            throw ArchiveError(error)
        }
    }
}

extension RowStatement {
    fileprivate mutating func runs() throws -> [ArchivedRun] {
        var runs: [ArchivedRun] = []
        try forEachRow { row in runs.append(try ArchivedRun(row)) }
        return runs
    }
}

extension Database {
    /// The bytes of the pages that are not free.
    func usedBytes() throws -> Int64 {
        let pages = try Int64.fetchOne(self, sql: "PRAGMA page_count") ?? 0
        let free = try Int64.fetchOne(self, sql: "PRAGMA freelist_count") ?? 0
        let size = try Int64.fetchOne(self, sql: "PRAGMA page_size") ?? 0
        return (pages - free) * size
    }
}

/// The place of a run in the list of runs.
struct RunCursor {
    var firstDelivered: Int64
    var id: String

    init(_ run: ArchivedRun) {
        firstDelivered = Int64(bitPattern: run.firstDeliveredUnixNano)
        id = run.id
    }

    init(_ text: String) throws(ArchiveError) {
        let parts = text.split(separator: "~", maxSplits: 1)
        guard parts.count == 2, let number = Int64(parts[0]) else {
            throw .malformedCursor(text)
        }
        firstDelivered = number
        id = String(parts[1])
    }

    var text: String { "\(firstDelivered)~\(id)" }
}
