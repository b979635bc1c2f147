import OTLP

/// A condition that only a span's values decide, with the numbers of what it looks at.
final class OpenCondition: Sendable {
    let condition: Condition
    /// The numbers of the keys that it looks at; 0 where there is none.
    let key: Int
    let other: Int
    /// The document that its key names.
    let document: Int?
    /// The number of its path, by which what a text holds there is remembered.
    let path: Int
    /// The number of the key that tells the MIME type of a literal source; nil for other sources.
    let mimeType: Int?

    /// - Parameter paths: the numbers of all paths that conditions look at.
    init(
        _ condition: Condition, _ keys: KeyTable, paths: [JSONPath: Int], source: RowSource? = nil
    ) {
        self.condition = condition
        func number(_ key: String?) -> Int { key.map { Int(keys.id(of: $0).number) } ?? 0 }
        key = number(condition.key)
        document = condition.key.flatMap { key in
            Document.allCases.firstIndex { $0.key == key }
        }
        switch condition {
        case .differs(_, let other, let path):
            self.other = number(other)
            self.path = path.flatMap { paths[$0] } ?? 0
        case .equals(_, let path, _, _):
            other = 0
            self.path = path.flatMap { paths[$0] } ?? 0
        default:
            other = 0
            path = 0
        }
        if case .attribute(let key)? = source?.place {
            mimeType = Self.mimeTypeKey(of: key).map { number($0) } ?? 0
        } else {
            mimeType = nil
        }
    }

    /// `input.mime_type` beside `input.value` says whether the value is JSON.
    static func mimeTypeKey(of key: String) -> String? {
        key.lastIndex(of: ".").map { key[..<$0] + ".mime_type" }
    }
}

extension Condition {
    /// The path into the document that one of its attributes holds.
    var path: JSONPath? {
        switch self {
        case .equals(_, let path, _, _), .differs(_, _, let path): path
        default: nil
        }
    }
}
