internal import Foundation
internal import GRDB
internal import OTLP

/// Keeps accepted requests until every sink has what was mended of them.
///
/// One process opens an Inbox (see `DataDirectory`); others may read it with `InboxReader`. Every
/// writing call returns after its commit; calls that wait at the same time share one transaction.
/// SQLite runs on threads of its own, never on the cooperative pool. The Inbox has no clock: times
/// are given by the caller, in nanoseconds since 1970-01-01 UTC.
public final class Inbox: Sendable {
    /// What is stored, for any number of readers at once.
    public let reader: InboxReader
    /// What SQLite's `synchronous` reads on the writing connection: 2 is FULL, 1 is NORMAL.
    public let synchronous: Int
    let writer: GroupCommit
    private let pool: DatabasePool

    /// Opens the Inbox in this file, and makes it when it is not there.
    ///
    /// Blocks while SQLite opens the file and reads what is undelivered; call it once at start.
    public init(path: String, configuration: InboxConfiguration) throws(InboxError) {
        do {
            let pool = try DatabasePool(path: path, configuration: Self.options)
            let (synchronous, ledger) = try pool.writeWithoutTransaction { db in
                try Self.prepare(db, path: path, configuration: configuration)
            }
            self.pool = pool
            self.synchronous = synchronous
            writer = GroupCommit(pool: pool, configuration: configuration, ledger: ledger)
            reader = InboxReader(pool)
        } catch {
            throw InboxError(error, path: path)
        }
    }

    /// Keeps a request, and returns its id once it is committed: ids ascend.
    ///
    /// Cancelling the task does not take the request back; the call still returns after the commit.
    /// - Throws: `.full` over the limit of undelivered bytes, `.closed` after `shutdown()`,
    ///   `.database` when the transaction failed: then nothing of it is kept.
    public func append(_ request: AcceptedRequest) async throws(InboxError) -> Int64 {
        try await writer.perform(adding: request.body.count) { db, ledger in
            try ledger.append(request, db)
        }
    }

    /// Keeps a request as `append(_:)` does, and tells what became of it.
    /// - Parameter done: called once, after the commit, on the writer's thread, or at once on the
    ///   calling one where the request is refused; it must not block.
    public func append(
        _ request: AcceptedRequest,
        then done: @escaping @Sendable (Result<Int64, InboxError>) -> Void
    ) {
        writer.perform(adding: request.body.count, { try $1.append(request, $0) }, then: done)
    }

    /// The numbers as of the last commit; cheap.
    public var counts: InboxCounts { writer.counts }

    /// Takes nothing more, commits what waits, and closes the file.
    ///
    /// Writing after it throws `.closed`, reading `.database`.
    public func shutdown() async throws(InboxError) {
        await writer.close()
        // GRDB closes the writer first, and the last reader may not take the write-ahead log into
        // the file; without readers the writer does, and a clean stop leaves no log behind.
        pool.releaseMemory()
        do {
            try pool.close()
        } catch {
            throw InboxError(error, path: pool.path)
        }
    }

    private static var options: Configuration {
        var options = Configuration()
        options.label = "inbox"
        options.busyMode = .timeout(5)
        options.foreignKeysEnabled = false
        options.prepareDatabase { db in
            // Bodies take many pages, and the write-ahead log two system calls for each.
            try db.execute(sql: "PRAGMA page_size = 8192")
        }
        return options
    }

    private static func prepare(
        _ db: Database, path: String, configuration: InboxConfiguration
    ) throws -> (synchronous: Int, Ledger) {
        // GRDB sets NORMAL when it turns the WAL on, so this has to come after opening. The tables are
        // durable before the first body lies beside them.
        try db.execute(sql: "PRAGMA synchronous = 2")
        try Schema.prepare(db, path: path)
        let wanted = configuration.durability == .power ? 2 : 1
        try db.execute(sql: "PRAGMA synchronous = \(wanted)")
        let found = try Int.fetchOne(db, sql: "PRAGMA synchronous") ?? -1
        guard found == wanted else {
            throw InboxError.notDurable(path: path, synchronous: found)
        }
        let pageBytes = try Int.fetchOne(db, sql: "PRAGMA page_size") ?? 4096
        // Every checkpoint holds up the commits behind it, so they are small and often.
        let pages = max(1, configuration.walLimitBytes / 4 / max(1, pageBytes))
        try db.execute(sql: "PRAGMA wal_autocheckpoint = \(pages)")
        try db.execute(sql: "PRAGMA journal_size_limit = \(configuration.walLimitBytes)")
        try Ledger.enroll(configuration.sinks, db)
        let bodies = try BodyFiles(db, path: path, configuration: configuration)
        try bodies.deleteUnused(db)
        return (found, try Ledger(reading: db, sinks: configuration.sinks, bodies: bodies))
    }
}
