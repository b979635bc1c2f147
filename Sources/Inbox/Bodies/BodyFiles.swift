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
        var file: SQLiteFile?
        var number: Int64
        /// Where the next body goes.
        var position: Int64 = 0
        /// What came before is durable, as far as it is going to be.
        var kept: Int64 = 0
        var hasUnsynced: Bool { kept < position }

        mutating func close() {
            file = nil
            position = 0
            kept = 0
        }
    }

    /// With durability `process` nothing is synced.
    init(_ db: Database, path: String, configuration: InboxConfiguration) throws {
        names = try BodyFileNames(db, path: path)
        fileBytes = Int64(configuration.bodyFileBytes)
        isSynced = configuration.durability == .power
        let known = try Int64.fetchOne(db, sql: "SELECT max(file) FROM body_places") ?? 0
        current = Mutex(Current(file: nil, number: max(known, names.numbers().last ?? 0)))
    }

    /// Writes a body; it stays only when `sync()` and the commit follow.
    func append(_ body: [UInt8]) throws(DatabaseError) -> BodyPlace {
        try current.withLock { (current) throws(DatabaseError) -> BodyPlace in
            if current.position >= fileBytes {
                // The transaction may have bodies in it, and its end syncs the new file alone.
                try sync(&current)
                current.close()
            }
            if current.file == nil {
                current.number += 1
                current.file = try SQLiteFile.open(path: names.path(current.number), for: .write)
            }
            let place = BodyPlace(
                file: current.number, position: current.position, count: body.count)
            // Whatever comes of the write, these bytes are not used again.
            current.position += Int64(body.count)
            try current.file?.write(body, at: place.position)
            return place
        }
    }

    /// Makes durable what was appended.
    func sync() throws(DatabaseError) {
        try current.withLock { (current) throws(DatabaseError) in try sync(&current) }
    }

    private func sync(_ current: inout Current) throws(DatabaseError) {
        guard current.hasUnsynced else { return }
        if isSynced { try current.file?.sync() }
        current.kept = current.position
    }

    /// After a failure nobody knows what the system kept of what was written, so the next body begins
    /// another file, and this one gives back what no row is going to tell of.
    func abandon() {
        current.withLock { current in
            guard current.hasUnsynced else { return }
            let kept = current.kept
            // What cannot be given back now is when the file is pruned.
            if kept > 0 { try? current.file?.truncate(to: kept) }
            current.close()
            if kept == 0 { try? SQLiteFile.delete(path: names.path(current.number)) }
        }
    }

    /// Deletes the files that no row tells of.
    func deleteUnused(_ db: Database) throws {
        let (isOpen, newest) = current.withLock { ($0.file != nil, $0.number) }
        for number in names.numbers() where !(isOpen && number == newest) {
            let isUsed = try Bool.fetchOne(
                db.cachedStatement(
                    sql: "SELECT EXISTS (SELECT 1 FROM body_places WHERE file = ?)"),
                arguments: [number])
            if isUsed == false { try SQLiteFile.delete(path: names.path(number)) }
        }
    }
}
