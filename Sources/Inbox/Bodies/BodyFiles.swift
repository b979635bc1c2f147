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
    /// A file of this size is followed by a new one, so that space can be given back.
    static let fileBytes: Int64 = 64 << 20

    let names: BodyFileNames
    private let isSynced: Bool
    private let current: Mutex<Current>

    private struct Current: ~Copyable {
        var file: SQLiteFile?
        var number: Int64
        /// Where the next body goes.
        var position: Int64 = 0
        var hasUnsynced = false
    }

    /// - Parameter durability: with `process` nothing is synced.
    init(_ db: Database, path: String, durability: InboxConfiguration.Durability) throws {
        names = try BodyFileNames(db, path: path)
        isSynced = durability == .power
        let known = try Int64.fetchOne(db, sql: "SELECT max(file) FROM body_places") ?? 0
        current = Mutex(Current(file: nil, number: max(known, names.numbers().last ?? 0)))
    }

    /// Writes a body; it stays only when `sync()` and the commit follow.
    func append(_ body: [UInt8]) throws(DatabaseError) -> BodyPlace {
        try current.withLock { (current) throws(DatabaseError) -> BodyPlace in
            if current.file == nil || current.position >= Self.fileBytes {
                current.file = nil
                current.number += 1
                current.file = try SQLiteFile.open(path: names.path(current.number), for: .write)
                current.position = 0
            }
            let place = BodyPlace(
                file: current.number, position: current.position, count: body.count)
            current.hasUnsynced = true
            try current.file?.write(body, at: place.position)
            current.position += Int64(body.count)
            return place
        }
    }

    /// Makes durable what was appended.
    func sync() throws(DatabaseError) {
        try current.withLock { (current) throws(DatabaseError) in
            guard current.hasUnsynced else { return }
            if isSynced { try current.file?.sync() }
            current.hasUnsynced = false
        }
    }

    /// After a failure nobody knows what the system kept of the file, so the next body begins
    /// another one.
    func abandon() {
        current.withLock { current in
            current.file = nil
            current.hasUnsynced = false
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
