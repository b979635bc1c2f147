internal import CDirectFiles
internal import GRDBSQLite
internal import Glibc

/// Has SQLite's VFS write the files of bodies past the page cache (`O_DIRECT`): for what is written
/// once and read once or never, that costs neither a copy nor fresh pages.
///
/// The VFS lets its system calls be replaced by name (https://www.sqlite.org/c3ref/vfs.html,
/// `xSetSystemCall`), which is the only way to a flag of its own for a file. Databases are opened as
/// before, and so are these files where the file system writes in other ways.
enum DirectFiles {
    /// Positions, lengths and addresses of writes are multiples of this.
    static let alignment = Int(direct_files_alignment)
    /// What stands in the names of the files that are meant.
    static let mark = "-bodies-"

    /// Takes effect for what is opened afterwards.
    static let install: Void = {
        // The VFS of Unix, whatever stands before it.
        guard let vfs = sqlite3_vfs_find("unix"), let replace = vfs.pointee.xSetSystemCall else {
            return
        }
        _ = replace(vfs, "open", unsafeBitCast(open, to: sqlite3_syscall_ptr.self))
    }()

    private static let open: @convention(c) (UnsafePointer<CChar>, CInt, CInt) -> CInt = {
        path, flags, mode in
        let slash = strrchr(path, Int32(UInt8(ascii: "/")))
        let name = slash.map { UnsafePointer($0) } ?? path
        guard flags & O_ACCMODE == O_RDWR, isMarked(name) else {
            return Glibc.open(path, flags, mode_t(truncatingIfNeeded: mode))
        }
        return direct_files_open(path, flags, mode)
    }

    /// Whether a file is called as `BodyFileNames` calls its files.
    private static func isMarked(_ name: UnsafePointer<CChar>) -> Bool {
        guard let found = strstr(name, mark) else { return false }
        let identity = found + mark.utf8.count
        guard strspn(identity, "0123456789abcdef") == 8, identity[8] == CChar(UInt8(ascii: "-"))
        else { return false }
        let number = identity + 9
        let digits = strspn(number, "0123456789")
        return digits > 0 && number[digits] == 0
    }
}
