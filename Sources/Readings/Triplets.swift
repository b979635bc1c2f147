import OTLP
import TrainingContent

/// The model calls of a run as Agent-lightning's `Triplet`s.
///
/// Source: `TracerTraceToTriplet` of Agent-lightning 0.3.
struct Triplets {
    private(set) var skipped: [SkippedSpan]
    let calls: [ModelCall]
    private let batch: TraceBatch
    private let rewards: [Int: Double]

    init(_ batch: TraceBatch) {
        let found = ModelCalls(batch)
        self.batch = batch
        calls = found.calls
        skipped = found.skipped
        let (matched, unmatched) = Self.match(found, in: batch)
        rewards = matched
        skipped += unmatched
    }

    var callsWithReward: Int { rewards.count }

    /// One triplet; told is what could not be read.
    mutating func json(of index: Int) -> JSONValue {
        let call = calls[index]
        let (prompt, response) = tokenIDs(of: call)
        let promptContent = content(
            of: call, ["gen_ai.prompt", "agentlightning.operation.input.messages"],
            document: "gen_ai.input.messages")
        var answer: [JSONValue.Member] = [
            .init("token_ids", .array(response.map { .int($0) })),
            .init(
                "raw_content",
                content(
                    of: call, ["gen_ai.completion", "agentlightning.operation.output.choices"],
                    document: "gen_ai.output.messages")),
        ]
        if let logprobs = logprobs(of: call) { answer.append(.init("logprobs", logprobs)) }
        return [
            "prompt": [
                "token_ids": .array(prompt.map { .int($0) }),
                "raw_content": promptContent,
                "image_urls": .array(promptContent.imageURLs.map { .string($0) }),
            ],
            "response": .object(answer),
            "reward": rewards[index].map { .double($0) } ?? .null,
            "metadata": [
                "request": metadata(
                    of: call, ["gen_ai.request", "agentlightning.operation.input"],
                    without: ["messages"]),
                "response": metadata(
                    of: call, ["gen_ai.response", "agentlightning.operation.output"],
                    without: ["choices", "prompt_token_ids", "response_token_ids"]),
                "response_id": call.responseID.map { .string($0) } ?? .null,
                "agent_name": .string(call.agentName),
            ],
        ]
    }

    /// Of all that tell the call, the ids of the first that has both; else of the first with any.
    func tokenIDs(of call: ModelCall) -> (prompt: [Int64], response: [Int64]) {
        var some: (prompt: [Int64], response: [Int64])?
        for span in call.tellers {
            let ids = (prompt: ids(TokenKeys.prompt, span), response: ids(TokenKeys.response, span))
            if !ids.prompt.isEmpty && !ids.response.isEmpty { return ids }
            if some == nil, !ids.prompt.isEmpty || !ids.response.isEmpty { some = ids }
        }
        return some ?? ([], [])
    }

    private func ids(_ keys: [String], _ span: Int) -> [Int64] {
        for key in keys {
            guard case .array(let elements)? = batch.value(key, in: batch.spans[span].attributes)
            else { continue }
            let ids = elements.compactMap(\.intValue)
            if ids.count == elements.count { return ids }
        }
        return []
    }

    private mutating func logprobs(of call: ModelCall) -> JSONValue? {
        guard let attribute = batch.attribute(TokenKeys.logprobs, ofFirst: call.tellers) else {
            return nil
        }
        let value = JSONValue(batch.anyValue(of: attribute))
        guard let text = value.string else { return value }
        do {
            return try JSONValue(parsing: text)
        } catch {
            skipped.append(
                SkippedSpan(
                    call.span, of: batch, .unreadableLogprobs,
                    "its log probabilities are no JSON: \(error)"))
            return nil
        }
    }

    /// The trees below all prefixes, of all spans that tell the call, as one object; the first counts
    /// where several have a name. Mending adds to one prefix what a library wrote below another.
    private func metadata(
        of call: ModelCall, _ prefixes: [String], without names: Set<String>
    ) -> JSONValue {
        var members: [JSONValue.Member] = []
        var known = names
        for span in call.tellers {
            for prefix in prefixes {
                guard let tree = tree([prefix], of: span) else { continue }
                guard let found = tree.object else {
                    if members.isEmpty { return tree }
                    continue
                }
                for member in found where known.insert(member.name).inserted {
                    members.append(member)
                }
            }
        }
        return members.isEmpty ? .null : .object(members)
    }

    private func tree(_ prefixes: [String], of span: Int) -> JSONValue? {
        for prefix in prefixes {
            let range = batch.spans[span].attributes
            if let tree = AttributeTree.value(below: prefix, of: range, in: batch) { return tree }
        }
        return nil
    }

    /// What the call's own library wrote, where it writes as Agent-lightning reads; else the
    /// canonical messages in the same shape.
    private func content(
        of call: ModelCall, _ prefixes: [String], document: String
    ) -> JSONValue {
        if let raw = tree(prefixes, of: call.span) { return raw }
        guard let attribute = batch.attribute(document, ofFirst: call.tellers) else { return .null }
        let messages = JSONValue(content: batch.anyValue(of: attribute)).array ?? []
        let shown = messages.flatMap { CanonicalMessage($0).rawContent }
        return shown.isEmpty ? .null : .array(shown)
    }

    private static func match(
        _ found: ModelCalls, in batch: TraceBatch
    ) -> (rewards: [Int: Double], unmatched: [SkippedSpan]) {
        let timed = found.calls.indices.filter {
            batch.spans[found.calls[$0].span].endTimeUnixNano != 0
        }
        let calls = timed.map { index in
            let call = found.calls[index]
            let span = batch.spans[call.span]
            let start = span.startTimeUnixNano
            return RewardMatching.Call(
                start: start == 0 ? span.endTimeUnixNano : start, end: span.endTimeUnixNano,
                place: call.place)
        }
        let given = found.rewards.map { reward in
            let span = batch.spans[reward.span]
            let start = span.startTimeUnixNano
            return RewardMatching.Reward(
                start: start == 0 ? span.endTimeUnixNano : start, place: reward.place,
                value: reward.reward.value)
        }
        let matching = RewardMatching(calls, given)
        let unmatched = matching.unmatched.map { index in
            SkippedSpan(
                found.rewards[index].span, of: batch, .unmatchedReward,
                "no call was left for the reward \(given[index].value): none had ended before it, or "
                    + "all that had were given one")
        }
        let rewards = matching.rewards.map { (timed[$0.key], $0.value) }
        return (Dictionary(uniqueKeysWithValues: rewards), unmatched)
    }
}

extension JSONValue {
    /// A document, be it structured or JSON text.
    init(content value: AnyValue) {
        self.init(value)
        if let text = string, let parsed = try? JSONValue(parsing: text) { self = parsed }
    }

    /// The images of raw messages, in order.
    fileprivate var imageURLs: [String] {
        let entries: [JSONValue]
        switch self {
        case .array(let elements): entries = elements
        case .object(let members):
            let numbered = members.compactMap { member in
                Int(member.name).map { (number: $0, value: member.value) }
            }
            entries =
                numbered.isEmpty
                ? [self] : numbered.sorted { $0.number < $1.number }.map(\.value)
        default: return []
        }
        return entries.flatMap { entry -> [String] in
            guard var content = entry["content"] else { return [] }
            if let text = content.string {
                guard text.utf8.first(where: { $0 > 32 }) == UInt8(ascii: "["),
                    let parsed = try? JSONValue(parsing: text)
                else { return [] }
                content = parsed
            }
            return (content.array ?? []).compactMap { part in
                part["type"]?.string == "image_url" ? part["image_url"]?["url"]?.string : nil
            }
        }
    }
}
