import Foundation
import GRDB
import SQLiteFaults
public import Sinks

/// The embedded store: every run's newest revision, in one SQLite file that people can query.
///
/// One collector writes a file; any number of processes may read it meanwhile, with
/// `ArchiveReader`. Writing happens on a thread of its own, never on the cooperative pool.
public final class SQLiteArchive: TraceSink {
    public struct Configuration: Sendable {
        /// The data directory; it must exist. The file in it is `archive.sqlite`.
        public var directory: String
        public var durability: Durability
        public var name: String
        /// Nanoseconds since 1970-01-01 UTC: when a delivery or a pruning happens.
        public var now: @Sendable () -> UInt64

        public init(
            directory: String, durability: Durability = .power, name: String = "archive",
            now: @escaping @Sendable () -> UInt64 = SQLiteArchive.systemTime
        ) {
            self.directory = directory
            self.durability = durability
            self.name = name
            self.now = now
        }
    }

    /// What a committed revision survives.
    public enum Durability: Sendable {
        /// Loss of power: `PRAGMA synchronous = FULL`.
        case power
        /// A crash of the process, not of the machine: `PRAGMA synchronous = NORMAL`.
        case process
    }

    /// The name of the database file in the data directory.
    public static let fileName = "archive.sqlite"

    public let name: String
    public var mode: SinkMode { .replacing }

    /// Asks the archive; safe to use while revisions are written.
    public let reader: ArchiveReader

    let pool: DatabasePool
    private let writer: RevisionWriter
    let now: @Sendable () -> UInt64

    /// Opens the archive, and creates it where there is none. Blocks while it does.
    public init(_ configuration: Configuration) throws(ArchiveError) {
        name = configuration.name
        now = configuration.now
        let path = configuration.directory + "/" + Self.fileName
        do {
            pool = try Self.open(path: path, durability: configuration.durability)
        } catch {
            throw ArchiveError(error, opening: path)
        }
        reader = ArchiveReader(pool)
        writer = RevisionWriter(pool)
    }

    /// Writes a revision in a transaction, which revisions that wait at the same time share: after
    /// a crash the run is as it was before, or as it is in the revision.
    ///
    /// Only rows that changed are written, and a revision that the archive has changes nothing. A
    /// span belongs to the run that wrote it last: it leaves the run that had it before, and that
    /// run no longer deletes it.
    public func deliver(_ revision: Revision) async throws(SinkError) {
        do {
            try await writer.write(revision, now: now())
            try await capLog()
        } catch {
            throw Self.sinkError(error)
        }
    }

    /// Bytes of the WAL beyond which it is emptied; SQLite by itself never does while readers come
    /// and go without a gap.
    private static let maximumLogBytes = 64 << 20

    /// Moves the WAL into the file when it has grown too long.
    private func capLog() async throws {
        let attributes = try? FileManager.default.attributesOfItem(atPath: pool.path + "-wal")
        guard let size = attributes?[.size] as? Int, size > Self.maximumLogBytes else { return }
        do {
            try await pool.writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
            // A reader holds the log for longer than the busy timeout: the next delivery tries.
        }
    }

    /// Finishes the reads and writes that run, and closes the file.
    public func close() async throws {
        // Without readers the writer takes the WAL into the file as it closes.
        pool.releaseMemory()
        try pool.close()
    }

    /// The clock of the machine, in nanoseconds since 1970-01-01 UTC.
    public static func systemTime() -> UInt64 {
        UInt64(max(0, Date().timeIntervalSince1970) * 1e9)
    }

    private static func open(path: String, durability: Durability) throws -> DatabasePool {
        let synchronous = durability == .power ? 2 : 1
        var options = GRDB.Configuration()
        options.label = "tracemend.archive"
        options.busyMode = .timeout(5)
        options.prepareDatabase { db in
            // Takes effect where the file has no table yet; gives pruned pages back to the system.
            if !db.configuration.readonly {
                try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
            }
        }
        let pool = try DatabasePool(path: path, configuration: options)
        try pool.writeWithoutTransaction { db in
            // GRDB sets NORMAL when it turns the WAL on, so it is set after that, and read back.
            try db.execute(sql: "PRAGMA synchronous = \(synchronous)")
            let found = try Int.fetchOne(db, sql: "PRAGMA synchronous") ?? -1
            guard found == synchronous else {
                throw ArchiveError.durabilityRefused(expected: synchronous, found: found)
            }
            try db.execute(sql: "PRAGMA journal_size_limit = \(maximumLogBytes)")
            try ArchiveSchema.prepare(db, path: path)
        }
        return pool
    }

    private static func sinkError(_ error: any Error) -> SinkError {
        guard let error = error as? DatabaseError else {
            return .retryable(reason: "archive: \(error)", after: nil)
        }
        let reason = "archive: \(error.explained)"
        switch error.resultCode {
        case .SQLITE_TOOBIG, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_RANGE:
            return .permanent(reason: reason)
        default:
            return .retryable(reason: reason, after: nil)
        }
    }
}
