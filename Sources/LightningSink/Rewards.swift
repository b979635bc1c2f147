import OTLP
import TrainingContent

/// Rewards in the one form that the store's adapters never fail on.
///
/// They take every key that begins with `agentlightning.reward` for a part of a list of names and
/// values, and fail where it is none.
enum Rewards {
    /// Rewrites the rewards among a span's attributes; what is no part of a list is hidden.
    ///
    /// The first is the primary one: without it the others mean nothing.
    static func repair(_ attributes: inout [KeyValue]) {
        guard attributes.contains(where: { $0.key.hasPrefix(RewardKey.prefix) }) else { return }
        var names: [Int: String] = [:]
        var values: [Int: Double] = [:]
        for attribute in attributes {
            guard let key = RewardKey(attribute.key) else { continue }
            if key.field == "name" { names[key.index] = attribute.value.stringValue }
            if key.field == "value" { values[key.index] = AdapterSafety.number(attribute.value) }
        }
        var count = 0
        while values[count] != nil { count += 1 }
        AdapterSafety.hide(&attributes) { attribute in
            guard attribute.key.hasPrefix(RewardKey.prefix) else { return false }
            guard let key = RewardKey(attribute.key) else { return true }
            return key.index >= count || (key.field != "name" && key.field != "value")
        }
        attributes.removeAll { $0.key.hasPrefix(RewardKey.prefix) }
        for index in 0..<count {
            guard let value = values[index] else { break }
            let name = names[index] ?? (index == 0 ? "primary" : "reward-\(index)")
            attributes.append(KeyValue("\(RewardKey.prefix).\(index).name", .string(name)))
            attributes.append(KeyValue("\(RewardKey.prefix).\(index).value", .double(value)))
        }
    }
}
