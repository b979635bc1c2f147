import OTLP

/// Rewards in the one form that the store's adapters never fail on.
///
/// They take every key that begins with `agentlightning.reward` for a part of a list of names and
/// values, and fail where it is none.
enum Rewards {
    /// Rewrites the rewards among a span's attributes; what is no part of a list is hidden.
    ///
    /// The first is the primary one: without it the others mean nothing.
    static func repair(_ attributes: inout [KeyValue]) {
        guard attributes.contains(where: { $0.key.hasPrefix(prefix) }) else { return }
        var names: [Int: String] = [:]
        var values: [Int: Double] = [:]
        for attribute in attributes {
            guard let (index, field) = place(of: attribute.key) else { continue }
            if field == "name" { names[index] = attribute.value.stringValue }
            if field == "value" { values[index] = AdapterSafety.number(attribute.value) }
        }
        var count = 0
        while values[count] != nil { count += 1 }
        AdapterSafety.hide(&attributes) { attribute in
            guard attribute.key.hasPrefix(prefix) else { return false }
            guard let (index, field) = place(of: attribute.key) else { return true }
            return index >= count || (field != "name" && field != "value")
        }
        attributes.removeAll { $0.key.hasPrefix(prefix) }
        for index in 0..<count {
            guard let value = values[index] else { break }
            let name = names[index] ?? (index == 0 ? "primary" : "reward-\(index)")
            attributes.append(KeyValue("\(prefix).\(index).name", .string(name)))
            attributes.append(KeyValue("\(prefix).\(index).value", .double(value)))
        }
    }

    private static func place(of key: String) -> (index: Int, field: String)? {
        guard key.hasPrefix(prefix + ".") else { return nil }
        let parts = key.dropFirst(prefix.count + 1).split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let index = Int(parts[0]), index >= 0 else { return nil }
        return (index, String(parts[1]))
    }

    private static let prefix = "agentlightning.reward"
}
