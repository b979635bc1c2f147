internal import Foundation
internal import GRDB
internal import OTLP

/// Reads an Inbox, beside the collector that writes it or in its process.
///
/// Each call sees the last commit. Reads run on threads of their own.
public struct InboxReader: Sendable {
    private let database: any DatabaseReader
    private let path: String

    init(_ pool: DatabasePool) {
        database = pool
        path = pool.path
    }

    /// Opens the Inbox of another process for reading. Blocks while SQLite opens the file.
    public init(path: String) throws(InboxError) {
        do {
            var options = Configuration()
            options.readonly = true
            options.label = "inbox"
            options.busyMode = .timeout(5)
            let queue = try DatabaseQueue(path: path, configuration: options)
            let found = try queue.read { try Int.fetchOne($0, sql: "PRAGMA user_version") ?? 0 }
            guard found <= Schema.version else {
                throw InboxError.newerSchema(path: path, found: found, known: Schema.version)
            }
            database = queue
            self.path = path
        } catch {
            throw InboxError(error, path: path)
        }
    }

    func read<T: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> T
    ) async throws(InboxError) -> T {
        let path = path
        let result: Result<T, InboxError> = await withCheckedContinuation { waiter in
            database.asyncRead { access in
                do {
                    let db = try access.get()
                    waiter.resume(returning: .success(try body(db)))
                } catch {
                    waiter.resume(returning: .failure(InboxError(error, path: path)))
                }
            }
        }
        return try result.get()
    }
}

// MARK: Runs

extension InboxReader {
    /// A run by its key; a trace that belongs to a run gives that run, so its key may differ.
    public func run(_ key: RunKey) async throws(InboxError) -> RunStatus? {
        try await read { try RunRow.find(key, $0)?.status }
    }

    /// A page of runs, newest first.
    ///
    /// Runs of traces whose spans all found another run are left out.
    /// - Parameter cursor: `RunStatus.cursor` of the last run of the page before; nil at first.
    public func runs(
        after cursor: Int64? = nil, limit: Int
    ) async throws(InboxError) -> [RunStatus] {
        try await read { db in
            try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT * FROM runs WHERE alias_of IS NULL AND id < ?
                        AND NOT (revision > 0 AND spans = 0) ORDER BY id DESC LIMIT ?
                        """), arguments: [cursor ?? Int64.max, limit]
            ).compactMap { RunRow($0)?.status }
        }
    }
}

// MARK: Sources

extension InboxReader {
    /// Everything that has to be read to mend a run; aliases are followed; nil for an unknown run.
    public func sources(of key: RunKey) async throws(InboxError) -> RunSources? {
        try await read { db in
            guard let run = try RunRow.find(key, db) else { return nil }
            return try SourceQuery(db).sources(of: run)
        }
    }

    /// The body of a request as it was received; nil when it is not kept any more.
    public func body(ofRequest id: Int64) async throws(InboxError) -> [UInt8]? {
        do throws(InboxError) {
            return try await storedBody(ofRequest: id)
        } catch {
            // Its file goes soon after its row, which this reader may have seen before.
            let isKept = try await read { db in
                try Bool.fetchOne(
                    db, sql: "SELECT EXISTS (SELECT 1 FROM requests WHERE id = ?)", arguments: [id])
            }
            if isKept == false { return nil }
            throw error
        }
    }

    private func storedBody(ofRequest id: Int64) async throws(InboxError) -> [UInt8]? {
        try await read { [path] db in
            if let body = try Data.fetchOne(
                db.cachedStatement(sql: "SELECT body FROM bodies WHERE id = ?"), arguments: [id])
            {
                return [UInt8](body)
            }
            let place = try Row.fetchOne(
                db.cachedStatement(
                    sql: """
                        SELECT file, position, bytes FROM body_places JOIN requests USING (id)
                        WHERE id = ?
                        """), arguments: [id]
            ).map { BodyPlace(file: $0[0], position: $0[1], count: $0[2]) }
            return try place?.read(BodyFileNames(db, path: path))
        }
    }
}
