/// The type that a canonical attribute has on the wire.
enum ValueType: Hashable, Sendable {
    case string, int, double, bool
    case strings, ints
    /// Structured content, written as JSON text.
    case document
    /// Whatever came; objects are written as JSON text.
    case any

    /// Reads the `type` column: its first word counts, units and remarks follow it.
    init?(cell: String) {
        var words = cell.split(separator: " ")
        if words.first == "enum" { words.removeFirst() }
        switch words.first {
        case "string": self = .string
        case "int": self = .int
        case "double": self = .double
        case "bool": self = .bool
        case "string[]": self = .strings
        case "int[]": self = .ints
        case .some(let word) where word == "any" || word == "any:": self = .document
        default: return nil
        }
    }
}
