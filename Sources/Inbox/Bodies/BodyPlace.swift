internal import GRDB
internal import Glibc

/// Where a large body lies: a row of `body_places`.
struct BodyPlace: Hashable, Sendable {
    /// The number of the file.
    var file: Int64
    /// Bytes before it.
    var position: Int64
    var count: Int

    func read(_ files: BodyFileNames) throws(DatabaseError) -> [UInt8] {
        try SQLiteFile.open(path: files.path(file), for: .read).read(count, at: position)
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
        prefix = database + "-bodies-" + String(repeating: "0", count: 8 - digits.count) + digits
    }

    init(_ db: Database, path: String) throws {
        let identity = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        self.init(database: path, identity: identity)
    }

    func path(_ number: Int64) -> String { "\(prefix)-\(number)" }

    /// The numbers of the files that are there, ascending.
    func numbers() -> [Int64] {
        let slash = prefix.lastIndex(of: "/")
        let folder = slash.map { String(prefix[...$0]) } ?? "."
        let start = slash.map { String(prefix[prefix.index(after: $0)...]) } ?? prefix
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var numbers: [Int64] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasPrefix(start + "-") else { continue }
            if let number = Int64(name.dropFirst(start.count + 1)) { numbers.append(number) }
        }
        return numbers.sorted()
    }
}
