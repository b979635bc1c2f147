import OTLP
import TrainingContent

/// What one span says of a reward, in any of the formats that Agent-lightning reads.
///
/// Source: `get_reward_value` and `get_rewards_from_span` of Agent-lightning 0.3.
enum SpanReward {
    case none
    /// A reward operation that gave no value.
    case withoutValue
    case reward(Reward)
    /// It means to be a reward, and cannot be read: why.
    case malformed(String)

    struct Reward {
        /// That of the primary dimension.
        var value: Double
        /// Primary first; empty for formats that know one value only.
        var dimensions: [Dimension]
        var format: Format
    }

    struct Dimension {
        var name: String
        var value: Double
    }

    enum Format: String {
        /// `agentlightning.reward.N.name` and `.value`.
        case dimensions = "agentlightning.reward"
        /// `{"type": "reward", "value": …}` as the output of an AgentOps task.
        case agentOps = "agentops"
        /// A span `agentlightning.annotation` with the attribute `reward`, as 0.2 wrote it.
        case annotation = "agentlightning.annotation"
    }

    init(of span: SpanRecord, in batch: TraceBatch) {
        if let told = Self.dimensions(of: span, in: batch) {
            self = told
            return
        }
        for key in ["agentops.task.output", "agentops.entity.output"] {
            guard let output = Self.rewardOutput(key, of: span, in: batch) else { continue }
            self = Self.read(output["value"] ?? .null, "\(key): value", .agentOps)
            return
        }
        if batch.text(span.name, equals: "agentlightning.annotation"),
            let value = batch.value("reward", in: span.attributes)
        {
            self = Self.read(JSONValue(value), "reward", .annotation)
            return
        }
        self = .none
    }

    var reward: Reward? {
        if case .reward(let reward) = self { reward } else { nil }
    }

    private static func read(_ value: JSONValue, _ what: String, _ format: Format) -> SpanReward {
        if value == .null { return .withoutValue }
        guard let number = value.rewardNumber else {
            return .malformed("\(what): expected a finite number, found \(value.excerpt)")
        }
        return .reward(Reward(value: number, dimensions: [], format: format))
    }

    private static func rewardOutput(
        _ key: String, of span: SpanRecord, in batch: TraceBatch
    ) -> JSONValue? {
        guard let attribute = batch.attribute(key, in: span.attributes) else { return nil }
        var output = JSONValue(batch.anyValue(of: attribute))
        if let text = output.string {
            guard text.contains("reward"), let parsed = try? JSONValue(parsing: text) else {
                return nil
            }
            output = parsed
        }
        return output["type"]?.string == "reward" ? output : nil
    }
}

extension SpanReward {
    private static let prefix = Array(RewardKey.prefix.utf8)

    /// Nil where no attribute is of this format.
    private static func dimensions(of span: SpanRecord, in batch: TraceBatch) -> SpanReward? {
        var names: [Int: String] = [:]
        var values: [Int: JSONValue] = [:]
        var indices: Set<Int> = []
        var isBare = false
        for attribute in batch.attributes(span.attributes) {
            let key = batch.bytes(attribute.key)
            guard key.starts(with: prefix) else { continue }
            let rest = key.dropFirst(prefix.count)
            if rest.isEmpty { isBare = true }
            // What only begins alike, such as `agentlightning.reward_model`, is another's.
            guard rest.first == UInt8(ascii: ".") else { continue }
            guard let place = RewardKey(batch.key(of: attribute)) else {
                return .malformed(
                    "\(batch.key(of: attribute)): expected agentlightning.reward.N.value")
            }
            indices.insert(place.index)
            switch place.field {
            case "name": names[place.index] = batch.anyValue(of: attribute).stringValue
            case "value": values[place.index] = JSONValue(batch.anyValue(of: attribute))
            default: break
            }
        }
        guard !indices.isEmpty else {
            return isBare
                ? .malformed("agentlightning.reward: expected agentlightning.reward.N.value") : nil
        }
        return reward(indices.sorted(), names, values, of: span, in: batch)
    }

    private static func reward(
        _ indices: [Int], _ names: [Int: String], _ values: [Int: JSONValue],
        of span: SpanRecord, in batch: TraceBatch
    ) -> SpanReward {
        guard indices == Array(indices.indices) else {
            return .malformed(
                "agentlightning.reward: expected the indices 0…\(indices.count - 1), found "
                    + indices.prefix(8).map(String.init).joined(separator: ", "))
        }
        var dimensions: [Dimension] = []
        for index in indices {
            guard let number = values[index]?.rewardNumber else {
                return .malformed(
                    "agentlightning.reward.\(index).value: expected a finite number, found "
                        + (values[index]?.excerpt ?? "none"))
            }
            dimensions.append(Dimension(name: names[index] ?? "", value: number))
        }
        // Mending gives AgentOps' rewards this key as well; they have one value, without a name.
        let isAgentOps = batch.isDerived("agentlightning.reward.0.value", of: span)
        return .reward(
            Reward(
                value: dimensions[0].value, dimensions: isAgentOps ? [] : dimensions,
                format: isAgentOps ? .agentOps : .dimensions))
    }
}

extension TraceBatch {
    /// Whether mending added an attribute.
    func isDerived(_ key: String, of span: SpanRecord) -> Bool {
        guard case .array(let derived)? = value("tracemend.derived", in: span.attributes) else {
            return false
        }
        return derived.contains(.string(key))
    }
}

extension JSONValue {
    fileprivate var excerpt: String { text.printable(limit: 60) }
}
