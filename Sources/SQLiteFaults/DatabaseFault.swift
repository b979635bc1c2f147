public import GRDB

/// What is wrong with a database, as far as SQLite tells: https://www.sqlite.org/rescode.html.
public enum DatabaseFault: Hashable, Sendable {
    /// No space is left for it.
    case full
    /// The system refused to read or write the disk.
    case inputOutput
    /// The file or its folder cannot be opened or written by this user.
    case notAllowed
    /// Another process has it.
    case busy
    /// The file does not hold what SQLite wrote.
    case damaged
    /// No memory is left.
    case memory
    /// What was asked cannot be done, whatever the state of the file.
    case other

    public init(_ error: DatabaseError) {
        self =
            switch error.resultCode {
            case .SQLITE_FULL: .full
            case .SQLITE_IOERR, .SQLITE_PROTOCOL: .inputOutput
            case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH: .notAllowed
            case .SQLITE_BUSY, .SQLITE_LOCKED: .busy
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: .damaged
            case .SQLITE_NOMEM: .memory
            default: .other
            }
    }

    /// The fault lies with the file or the machine, so another statement would meet it as well.
    public var isOfTheWholeDatabase: Bool { self != .other }

    /// What to do about it; nil where nothing general can be said.
    public var remedy: String? {
        switch self {
        case .full: "no space is left: free some, or give the data folder a larger disk"
        case .inputOutput:
            "the disk cannot be read or written: check its space, its health, the file size limit, and whether it has become read-only"
        case .notAllowed:
            "it cannot be opened for writing: check the owner and mode of file and folder"
        case .busy: "another process holds it: end that one"
        case .damaged:
            "the file is damaged: put it back from a copy, or move it and the files whose names "
                + "begin with its name away to begin anew; `sqlite3 FILE .recover` may save what it held"
        case .memory: "no memory is left"
        case .other: nil
        }
    }
}

extension DatabaseError {
    /// SQLite's message and extended result code, and what to do.
    public var explained: String {
        let told = "\(message ?? "SQLite error") (\(extendedResultCode.rawValue))"
        return DatabaseFault(self).remedy.map { "\(told); \($0)" } ?? told
    }
}
