/// Where a row takes its value from.
struct RowSource: Hashable, Sendable {
    enum Place: Hashable, Sendable {
        case attribute(String)
        case attributes(KeyPattern)
        /// An attribute of every event of that name; the whole event where the key is nil.
        case event(name: String, key: String?)
        case resource(String)
        case scopeName, spanName, spanDuration
    }

    var place: Place
    /// The value is a JSON document, of which this part counts.
    var path: JSONPath?

    init?(cell: String) {
        if cell.hasPrefix("@") {
            guard let place = Self.special(cell.dropFirst()) else { return nil }
            self.place = place
            return
        }
        let parts = cell.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        guard let key = parts.first, !key.isEmpty else { return nil }
        let place: Place
        if key.contains("{") {
            guard let pattern = KeyPattern(String(key)) else { return nil }
            place = .attributes(pattern)
        } else {
            place = .attribute(String(key))
        }
        var path: JSONPath?
        if parts.count == 2 {
            path = JSONPath(parts[1])
            guard path != nil else { return nil }
        }
        self.place = place
        self.path = path
    }

    private static func special(_ cell: Substring) -> Place? {
        let parts = cell.split(separator: ":", maxSplits: 1).map { String($0) }
        switch (parts.first, parts.count) {
        case ("event", 2):
            let names = parts[1].split(separator: "/", maxSplits: 1).map { String($0) }
            guard let name = names.first else { return nil }
            return .event(name: name, key: names.count == 2 ? names[1] : nil)
        case ("res", 2): return .resource(parts[1])
        case ("scope.name", 1): return .scopeName
        case ("span.name", 1): return .spanName
        case ("span.dur", 1): return .spanDuration
        default: return nil
        }
    }

    /// What the loss list calls this source.
    var name: String {
        switch place {
        case .attribute(let key): key
        case .attributes(let pattern): pattern.text
        case .event(let name, let key): key.map { "@event:\(name)/\($0)" } ?? "@event:\(name)"
        case .resource(let key): "@res:\(key)"
        case .scopeName: "@scope.name"
        case .spanName: "@span.name"
        case .spanDuration: "@span.dur"
        }
    }
}
