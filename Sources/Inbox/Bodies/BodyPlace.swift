internal import GRDB
internal import Glibc

/// Where a large body lies: a row of `body_places`.
struct BodyPlace: Hashable, Sendable {
    /// The number of the file.
    var file: Int64
    /// Bytes before it.
    var position: Int64
    var count: Int

    /// - Throws: `InboxError.bodyMissing` where there is no such file, or it ends before; a
    ///   `DatabaseError` where the system cannot read.
    func read(_ files: BodyFileNames) throws -> [UInt8] {
        let path = files.path(file)
        do throws(DatabaseError) {
            let file = try SQLiteFile.open(path: path, for: .read)
            return try file.read(count, at: position)
        } catch {
            if error.extendedResultCode == .SQLITE_IOERR_SHORT_READ {
                throw InboxError.bodyMissing(path: path, message: "the file is shorter than it was")
            }
            if error.resultCode == .SQLITE_CANTOPEN, access(path, F_OK) != 0 {
                throw InboxError.bodyMissing(path: path, message: "there is no such file")
            }
            throw error
        }
    }
}

/// What the files beside an Inbox are called that hold its large bodies.
///
/// The name has the database's `application_id` in it, which is drawn by lot: a database never takes
/// the files of another one, that once had its name, for its own.
struct BodyFileNames: Hashable, Sendable {
    private let prefix: String

    /// - Parameter database: the path of the database.
    init(database: String, identity: Int32) {
        let digits = String(UInt32(bitPattern: identity), radix: 16)
        prefix =
            database + DirectFiles.mark + String(repeating: "0", count: 8 - digits.count) + digits
    }

    init(_ db: Database, path: String) throws {
        let identity = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        self.init(database: path, identity: identity)
    }

    func path(_ number: Int64) -> String { "\(prefix)-\(number)" }

    /// The numbers of the files that are there, ascending.
    func numbers() -> [Int64] {
        Self.ends(ofFilesNamed: prefix + "-").compactMap { Int64($0) }
            .filter { $0 < Int64.max / 2 }.sorted()
    }

    /// Whether files of bodies lie beside a database, of whatever identity.
    static func isAnyBeside(database: String) -> Bool {
        ends(ofFilesNamed: database + DirectFiles.mark).contains { end in
            let parts = end.split(separator: "-", omittingEmptySubsequences: false)
            return parts.count == 2 && parts[0].count == 8 && Int64(parts[1]) != nil
        }
    }

    /// What follows the prefix in the names of the files that begin with it.
    private static func ends(ofFilesNamed prefix: String) -> [String] {
        let slash = prefix.lastIndex(of: "/")
        let folder = slash.map { String(prefix[...$0]) } ?? "."
        let start = slash.map { String(prefix[prefix.index(after: $0)...]) } ?? prefix
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var ends: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasPrefix(start) { ends.append(String(name.dropFirst(start.count))) }
        }
        return ends
    }
}
