public import GRDB
internal import SQLiteFaults

/// Why the archive could not be opened or asked.
public enum ArchiveError: Error, CustomStringConvertible {
    /// There is no archive at this path.
    case absent(path: String)
    /// The file cannot be opened: SQLite's own words.
    case unusable(path: String, DatabaseError)
    /// A newer program wrote the file; this one knows the schema only up to `known`.
    case newerSchema(path: String, found: Int, known: Int)
    /// `PRAGMA synchronous` did not take the value that the durability asks for.
    case durabilityRefused(expected: Int, found: Int)
    /// A row does not hold what the archive writes.
    case damagedRow(run: String, span: String, column: String)
    /// The cursor was not made by `runs(limit:after:)`.
    case malformedCursor(String)
    /// The run is larger than a batch may be.
    case runTooLarge(run: String)
    /// SQLite's own words.
    case database(DatabaseError)
    /// The caller was cancelled, or the archive is closed.
    case interrupted

    public var description: String {
        switch self {
        case .absent(let path): "no archive at \(path)"
        case .unusable(let path, let error): "\(path): \(error.explained)"
        case .newerSchema(let path, let found, let known):
            "\(path) has schema \(found), this program knows schemas up to \(known)"
        case .durabilityRefused(let expected, let found):
            "PRAGMA synchronous is \(found), expected \(expected)"
        case .damagedRow(let run, let span, let column):
            "run \(run), span \(span): column \(column) cannot be read"
        case .malformedCursor(let cursor): "\(cursor) is not a cursor of this list"
        case .runTooLarge(let run): "run \(run) exceeds 2 GiB"
        case .database(let error):
            "the archive: \(error.explained)"
        case .interrupted: "interrupted"
        }
    }

    /// - Parameter opening: the file that could not be opened; nil for one that was.
    init(_ error: any Error, opening path: String? = nil) {
        switch error {
        case let error as ArchiveError: self = error
        case let error as DatabaseError where path != nil:
            self = .unusable(path: path ?? "", error)
        case let error as DatabaseError: self = .database(error)
        default: self = .interrupted
        }
    }
}
