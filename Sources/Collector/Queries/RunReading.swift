public import Readings

/// What the query API can show of one run: the last segment of its path.
public enum RunReading: Hashable, Sendable {
    /// Its row in the list of runs; no segment.
    case summary
    /// The nested tree.
    case tree
    /// Why it gives no triplets.
    case doctor
    /// `triplets`, `messages`, `rewards`, `spans` or `otlp`.
    case form(ReadingForm)

    /// Nil for a segment that names no reading.
    public init?(segment: String) {
        switch segment {
        case "tree": self = .tree
        case "doctor": self = .doctor
        default:
            guard let form = ReadingForm(rawValue: segment) else { return nil }
            self = .form(form)
        }
    }

    /// Empty for the summary.
    public var segment: String {
        switch self {
        case .summary: ""
        case .tree: "tree"
        case .doctor: "doctor"
        case .form(let form): form.rawValue
        }
    }
}
