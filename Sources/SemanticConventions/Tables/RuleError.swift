/// Why the rule tables cannot be used.
public enum RuleError: Error, Hashable, Sendable {
    /// The folder with the built-in tables is at none of these places.
    case rulesNotFound(searched: [String])
    /// A file or folder could not be read.
    case unreadable(path: String, reason: String)
    /// A cell says something that the table's grammar does not allow. Lines count from 1.
    case malformed(file: String, line: Int, column: String, expected: String, found: String)
    /// No table has this name, so that the file would never be read.
    case unusedFile(path: String, expected: String)
}

extension RuleError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .rulesNotFound(let searched):
            "expected the rule tables in one of \(searched.joined(separator: ", ")), found none"
        case .unreadable(let path, let reason):
            "\(path): expected a readable file or folder, found: \(reason)"
        case .unusedFile(let path, let expected):
            "\(path): expected \(expected), found a file that is never read"
        case .malformed(let file, let line, let column, let expected, let found):
            "\(file):\(line): column \(column): expected \(expected), found \"\(found)\""
        }
    }
}

extension RuleError {
    /// Where the mistake is; line 0 for a whole file.
    var place: (file: String, line: Int) {
        switch self {
        case .rulesNotFound: ("", 0)
        case .unreadable(let path, _), .unusedFile(let path, _): (path, 0)
        case .malformed(let file, let line, _, _, _): (file, line)
        }
    }
}
