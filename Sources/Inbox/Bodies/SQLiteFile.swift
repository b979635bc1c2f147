internal import GRDB
internal import GRDBSQLite
internal import Glibc

/// A plain file that is opened through SQLite's own VFS (https://www.sqlite.org/vfs.html), so that
/// what stands before the databases stands before it as well, and its faults read the same.
///
/// The folder's entry of a new file is durable with the file's first sync.
struct SQLiteFile: ~Copyable {
    /// What a file is opened for.
    enum Access {
        case read
        /// Makes the file where it is not there.
        case write

        fileprivate var flags: Int32 {
            // A kind of file that the VFS does nothing else with than to keep it.
            switch self {
            case .read: SQLITE_OPEN_READONLY | SQLITE_OPEN_SUPER_JOURNAL
            case .write: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_SUPER_JOURNAL
            }
        }
    }

    private let name: String
    /// The VFS keeps the pointer to the path for as long as the file is open.
    private let path: UnsafeMutablePointer<CChar>
    private let file: UnsafeMutablePointer<sqlite3_file>

    static func open(path: String, for access: Access) throws(DatabaseError) -> SQLiteFile {
        let name = name(in: path)
        guard let vfs = sqlite3_vfs_find(nil), let open = vfs.pointee.xOpen,
            let path = strdup(path)
        else {
            throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "SQLite has no VFS")
        }
        let room = UnsafeMutableRawPointer.allocate(
            byteCount: Int(vfs.pointee.szOsFile), alignment: 16)
        let file = room.bindMemory(to: sqlite3_file.self, capacity: 1)
        file.pointee.pMethods = nil
        // From here on it is closed and freed, whatever comes of opening it.
        let opened = SQLiteFile(name: name, path: path, file: file)
        let code = open(vfs, path, file, access.flags, nil)
        guard code == SQLITE_OK else { throw failure(code, "opening \(name)") }
        return opened
    }

    private init(
        name: String, path: UnsafeMutablePointer<CChar>, file: UnsafeMutablePointer<sqlite3_file>
    ) {
        self.name = name
        self.path = path
        self.file = file
    }

    deinit {
        // A file that was not opened has no methods.
        if let methods = file.pointee.pMethods { _ = methods.pointee.xClose?(file) }
        UnsafeMutableRawPointer(file).deallocate()
        free(path)
    }

    /// - Parameter bytes: less than 128 KiB.
    func write(_ bytes: UnsafeRawBufferPointer, at position: Int64) throws(DatabaseError) {
        let code = file.pointee.pMethods.pointee.xWrite(
            file, bytes.baseAddress, Int32(bytes.count), position)
        guard code == SQLITE_OK else { throw Self.failure(code, "writing \(name)") }
    }

    /// - Throws: `SQLITE_IOERR_SHORT_READ` where the file ends before.
    func read(_ count: Int, at position: Int64) throws(DatabaseError) -> [UInt8] {
        let methods = file.pointee.pMethods.pointee
        var code = SQLITE_OK
        let bytes = [UInt8](unsafeUninitializedCapacity: max(0, count)) { room, initialized in
            code = Self.inPieces(count) { start, count in
                methods.xRead(
                    file, room.baseAddress?.advanced(by: start), count, position + Int64(start))
            }
            initialized = code == SQLITE_OK ? count : 0
        }
        guard code == SQLITE_OK else { throw Self.failure(code, "reading \(name)") }
        return bytes
    }

    /// SQLite's VFS of Unix reads less than 128 KiB at a time: a database page is at most
    /// half of that.
    private static func inPieces(_ count: Int, _ body: (_ start: Int, _ count: Int32) -> Int32)
        -> Int32
    {
        let piece = 124 << 10
        for start in stride(from: 0, to: count, by: piece) {
            let code = body(start, Int32(min(piece, count - start)))
            guard code == SQLITE_OK else { return code }
        }
        return SQLITE_OK
    }

    /// Returns when what was written would survive a loss of power.
    func sync() throws(DatabaseError) {
        let code = file.pointee.pMethods.pointee.xSync(
            file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY)
        guard code == SQLITE_OK else { throw Self.failure(code, "syncing \(name)") }
    }

    func truncate(to count: Int64) throws(DatabaseError) {
        let code = file.pointee.pMethods.pointee.xTruncate(file, count)
        guard code == SQLITE_OK else { throw Self.failure(code, "cutting \(name)") }
    }

    /// Deletes a file; one that is not there is no failure.
    static func delete(path: String) throws(DatabaseError) {
        guard let vfs = sqlite3_vfs_find(nil), let delete = vfs.pointee.xDelete else { return }
        let code = delete(vfs, path, 0)
        guard code == SQLITE_OK || code == ResultCode.SQLITE_IOERR_DELETE_NOENT.rawValue else {
            throw failure(code, "deleting \(name(in: path))")
        }
    }

    private static func name(in path: String) -> String {
        String(path.split(separator: "/").last ?? "")
    }

    private static func failure(_ code: Int32, _ work: String) -> DatabaseError {
        let result = ResultCode(rawValue: code)
        let words = String(cString: sqlite3_errstr(code))
        return DatabaseError(resultCode: result, message: "\(work): \(words)")
    }
}
