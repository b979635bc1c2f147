/// Why the Inbox did not do what it was asked.
public enum InboxError: Error, Hashable, Sendable {
    /// The Inbox is closing: nothing more is taken.
    case closed
    /// Sinks have not got this many bytes, and the limit is that many; try later.
    case full(undeliveredBytes: Int, limitBytes: Int)
    /// The file was written by a newer version, whose schema this one does not know.
    case newerSchema(path: String, found: Int, known: Int)
    /// The database does not hold what `durability` asks: SQLite's `synchronous` reads this number.
    case notDurable(path: String, synchronous: Int)
    /// The file holds nothing, but files of bodies lie beside it.
    case lost(path: String)
    /// SQLite's message. What was asked did not happen; it may succeed when the cause is gone.
    case database(path: String, message: String)
    /// The file that held a body is gone or was cut. It does not come back by itself.
    case bodyMissing(path: String, message: String)
}

extension InboxError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .closed:
            "the inbox is closing"
        case .full(let bytes, let limit):
            "the inbox is full: \(bytes) undelivered bytes, the limit is \(limit)"
        case .newerSchema(let path, let found, let known):
            "\(path): schema version \(found) was written by a newer version; "
                + "this one knows up to \(known)"
        case .notDurable(let path, let synchronous):
            "\(path): SQLite runs with synchronous=\(synchronous), less than durability asks"
        case .lost(let path):
            "\(path) is empty or new, but files of bodies lie beside it, so it was damaged: put it back from "
                + "a copy, or move it and the files whose names begin with its name away to begin anew"
        case .database(let path, let message):
            "\(path): \(message)"
        case .bodyMissing(let path, let message):
            "\(path): \(message); put it back from a copy, or its requests are left out"
        }
    }
}
