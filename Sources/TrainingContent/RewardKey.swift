public import OTLP

/// The key of one part of one reward: `agentlightning.reward.N.name` or `.value`.
///
/// Source: `get_rewards_from_span` of Agent-lightning 0.3.
public struct RewardKey: Hashable, Sendable {
    /// The dimension, from 0, the primary one.
    public var index: Int
    /// What follows the index.
    public var field: String

    /// What all keys of rewards begin with.
    public static let prefix = "agentlightning.reward"

    /// Nil for keys of another form.
    public init?(_ key: String) {
        guard key.hasPrefix(Self.prefix + ".") else { return nil }
        let steps = key.dropFirst(Self.prefix.count + 1)
            .split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard steps.count == 2, let index = Int(steps[0]), index >= 0 else { return nil }
        self.index = index
        field = String(steps[1])
    }
}

extension JSONValue {
    /// The number of a number or of its text; a flag counts as 0 or 1. Nil where it is not finite.
    public var rewardNumber: Double? {
        let number: Double? =
            switch self {
            case .int(let number): Double(number)
            case .double(let number): number
            case .bool(let flag): flag ? 1 : 0
            case .string(let text): Double(text.trimmingSpaces)
            default: nil
            }
        return number.flatMap { $0.isFinite ? $0 : nil }
    }
}

extension String {
    fileprivate var trimmingSpaces: Substring {
        var rest = self[...]
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return rest.drop(while: \.isWhitespace)
    }
}
