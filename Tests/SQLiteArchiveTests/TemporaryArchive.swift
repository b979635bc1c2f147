import Foundation
import GRDB
import SQLiteArchive
import Synchronization

/// A data directory that goes away with the test, an archive in it, and a shell to ask it with SQL.
final class TemporaryArchive: Sendable {
    let directory: String
    let archive: SQLiteArchive

    init(durability: SQLiteArchive.Durability = .process) throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("archive-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        directory = folder.path
        let clock = SharedClock()
        self.time = clock
        archive = try SQLiteArchive(
            SQLiteArchive.Configuration(
                directory: directory, durability: durability, now: { clock.now() }))
    }

    let time: SharedClock

    deinit {
        // The folder lies in the system's place for temporary files; what stays is swept there.
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// One text for each row, its columns joined by "|", as the sqlite3 shell prints them.
    func shell(_ sql: String) throws -> [String] {
        var options = Configuration()
        options.readonly = true
        let queue = try DatabaseQueue(
            path: directory + "/" + SQLiteArchive.fileName, configuration: options)
        return try queue.read { db in
            try Row.fetchAll(db, sql: sql).map { row in
                row.databaseValues.map { value in
                    switch value.storage {
                    case .null: ""
                    case .int64(let number): number.description
                    case .double(let number): number.description
                    case .string(let text): text
                    case .blob(let data): "\(data.count) bytes"
                    }
                }.joined(separator: "|")
            }
        }
    }
}

/// A clock that tests move.
final class SharedClock: Sendable {
    private let nanoseconds = Mutex<UInt64>(1_000_000_000_000)

    func now() -> UInt64 { nanoseconds.withLock { $0 } }
    func advance(seconds: UInt64) { nanoseconds.withLock { $0 += seconds * 1_000_000_000 } }
}
