/// One part of a `when` cell.
enum Condition: Hashable, Sendable {
    case has(String, Bool)
    case equals(key: String, path: JSONPath?, value: String, Bool)
    /// Both attributes are there, and their texts are not the same.
    case differs(key: String, other: String, path: JSONPath?)
    case keyHasPrefix(String, String)
    case scopeIs(String, Bool)
    case nameIs(String, Bool)
    case nameHasPrefix(String, Bool)
    case operationIs(String, Bool)
    /// The source's MIME type, told by its neighbour, is or is not JSON.
    case isJSON(Bool)
    /// The span's kind is CLIENT or PRODUCER, or it is SERVER or CONSUMER.
    case isClient, isServer

    /// Reads a conjunction joined by ` & `; nil where a part is not a condition.
    static func conjunction(_ cell: String) -> [Condition]? {
        guard !cell.isEmpty else { return [] }
        var conditions: [Condition] = []
        var rest = Substring(cell)
        while true {
            let cut = String(rest).range(of: " & ").map { String(rest)[..<$0.lowerBound] }
            let part = cut.map { String($0) } ?? String(rest)
            guard let condition = Condition(part.trimmed) else { return nil }
            conditions.append(condition)
            guard cut != nil else { return conditions }
            rest = rest.dropFirst(part.count + 3)
        }
    }

    init?(_ text: String) {
        var text = Substring(text)
        let holds = text.first != "!"
        if !holds { text = text.dropFirst() }
        if text.hasPrefix("has:") {
            self = .has(String(text.dropFirst(4)), holds)
            return
        }
        guard let equals = text.firstIndex(of: "=") else { return nil }
        let value = String(text[text.index(after: equals)...])
        var key = String(text[..<equals])
        guard !key.isEmpty else { return nil }
        if key.hasSuffix("!") {
            key.removeLast()
            let parts = value.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
            let path = parts.count == 2 ? JSONPath(parts[1]) : nil
            guard !key.isEmpty, holds, parts.count == 1 || path != nil else { return nil }
            self = .differs(key: key, other: String(parts[0]), path: path)
            return
        }
        if key.hasSuffix("^") {
            key.removeLast()
            guard key == "name" || holds else { return nil }
            self = key == "name" ? .nameHasPrefix(value, holds) : .keyHasPrefix(key, value)
            return
        }
        switch (key, value) {
        case ("scope", _): self = .scopeIs(value, holds)
        case ("name", _): self = .nameIs(value, holds)
        case ("op", _): self = .operationIs(value, holds)
        case ("mime", "json"): self = .isJSON(holds)
        case ("mime", "text"): self = .isJSON(!holds)
        case ("kind", "client") where holds: self = .isClient
        case ("kind", "server") where holds: self = .isServer
        case ("mime", _), ("kind", _): return nil
        default:
            let parts = key.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
            let path = parts.count == 2 ? JSONPath(parts[1]) : nil
            guard parts.count == 1 || path != nil else { return nil }
            self = .equals(key: String(parts[0]), path: path, value: value, holds)
        }
    }

    /// The attribute that the condition looks at.
    var key: String? {
        switch self {
        case .has(let key, _), .equals(let key, _, _, _), .keyHasPrefix(let key, _),
            .differs(let key, _, _):
            key
        default: nil
        }
    }

    /// All attributes that the condition looks at.
    var keys: [String] {
        if case .differs(let key, let other, _) = self { return [key, other] }
        return key.map { [$0] } ?? []
    }
}
