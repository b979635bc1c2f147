import OTLP

/// The part after `#` of a source: `.a.b[0]`, or nothing for the whole document.
struct JSONPath: Hashable, Sendable {
    enum Step: Hashable, Sendable {
        case member(String)
        case element(Int)
    }

    var steps: [Step] = []

    /// Reads a path; nil where it is not one.
    init?(_ text: some StringProtocol) {
        var rest = Substring(text)
        while let first = rest.first {
            switch first {
            case ".":
                let name = rest.dropFirst().prefix { $0 != "." && $0 != "[" }
                guard !name.isEmpty else { return nil }
                steps.append(.member(String(name)))
                rest = rest.dropFirst(1 + name.count)
            case "[":
                guard let close = rest.firstIndex(of: "]"),
                    let index = Int(rest[rest.index(after: rest.startIndex)..<close]), index >= 0
                else { return nil }
                steps.append(.element(index))
                rest = rest[rest.index(after: close)...]
            default: return nil
            }
        }
    }

    /// The value at the end of the path; nil where the document does not go that far, or has null.
    /// JSON that is written as text on the way is read.
    func value(in document: JSONValue) -> JSONValue? {
        var value = document
        for step in steps {
            value = value.unwrapped
            let next: JSONValue? =
                switch step {
                case .member(let name): value[name]
                case .element(let index): value[index]
                }
            guard let next else { return nil }
            value = next
        }
        guard value != .null else { return nil }
        return value
    }
}
