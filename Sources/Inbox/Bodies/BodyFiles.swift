internal import GRDB
internal import Synchronization

/// Writes large bodies beside the database, one after the other: there each is written once, where
/// the database writes it to its write-ahead log first.
///
/// The rows of `body_places` alone tell what the files hold. A body is synced before its row is
/// committed; what no row tells of is garbage, and a file without rows is deleted. Files are never
/// written over, so a reader finds what its row tells of, or no file.
final class BodyFiles: Sendable {
    /// Smaller bodies stay in the database, which takes many of them with one sync.
    static let leastBytes = 16 << 10

    let names: BodyFileNames
    /// A file of this size is followed by a new one, so that space can be given back.
    private let fileBytes: Int64
    private let isSynced: Bool
    private let current: Mutex<Current>

    private struct Current: ~Copyable {
        var writer: BodyWriter?
        var number: Int64
        /// What came before is durable, as far as it is going to be.
        var kept: Int64 = 0
        var position: Int64 {
            switch writer {
            case .some(let writer): writer.position
            case .none: 0
            }
        }
        var hasUnsynced: Bool { kept < position }

        mutating func close() {
            writer = nil
            kept = 0
        }
    }

    /// With durability `process` nothing is synced.
    init(_ db: Database, path: String, configuration: InboxConfiguration) throws {
        names = try BodyFileNames(db, path: path)
        fileBytes = Int64(configuration.bodyFileBytes)
        isSynced = configuration.durability == .power
        let known = try Int64.fetchOne(db, sql: "SELECT max(file) FROM body_places") ?? 0
        current = Mutex(Current(writer: nil, number: max(known, names.numbers().last ?? 0)))
    }

    /// Writes a body; it stays only when `sync()` and the commit follow.
    func append(_ body: [UInt8]) throws(DatabaseError) -> BodyPlace {
        try current.withLock { (current) throws(DatabaseError) -> BodyPlace in
            if current.position >= fileBytes {
                // The transaction may have bodies in it, and its end syncs the new file alone.
                try sync(&current)
                current.close()
            }
            if current.writer == nil {
                current.number += 1
                current.writer = try BodyWriter.open(path: names.path(current.number))
            }
            let place = BodyPlace(
                file: current.number, position: current.position, count: body.count)
            try current.writer?.append(body)
            return place
        }
    }

    /// Writes what was appended, and makes it durable.
    func sync() throws(DatabaseError) {
        try current.withLock { (current) throws(DatabaseError) in try sync(&current) }
    }

    private func sync(_ current: inout Current) throws(DatabaseError) {
        guard current.hasUnsynced else { return }
        try current.writer?.flush()
        if isSynced { try current.writer?.sync() }
        current.kept = current.position
    }

    /// After a failure nobody knows what the system kept of what was written, so the next body begins
    /// another file, and this one gives back what no row is going to tell of.
    func abandon() {
        current.withLock { current in
            guard current.hasUnsynced else { return }
            let kept = current.kept
            // What cannot be given back now is when the file is pruned.
            if kept > 0 { try? current.writer?.truncate(to: kept) }
            current.close()
            if kept == 0 { try? SQLiteFile.delete(path: names.path(current.number)) }
        }
    }

    /// Deletes the files that no row tells of.
    func deleteUnused(_ db: Database) throws {
        let (isOpen, newest) = current.withLock { ($0.writer != nil, $0.number) }
        for number in names.numbers() where !(isOpen && number == newest) {
            let isUsed = try Bool.fetchOne(
                db.cachedStatement(
                    sql: "SELECT EXISTS (SELECT 1 FROM body_places WHERE file = ?)"),
                arguments: [number])
            if isUsed == false { try SQLiteFile.delete(path: names.path(number)) }
        }
    }
}
