import Mending
import OTLP

/// The model calls of a mended run, each once, in the tree's preorder; and its rewards.
///
/// The rules are those of `TraceTree.find_llm_calls` of Agent-lightning 0.3, but a call is known by
/// its operation, not by the name of its span alone.
struct ModelCalls {
    private(set) var calls: [ModelCall] = []
    private(set) var rewards: [FoundReward] = []
    private(set) var skipped: [SkippedSpan] = []

    struct FoundReward {
        var span: Int
        var reward: SpanReward.Reward
        /// The place of `span` in the tree's preorder.
        var place: Int
    }

    private let batch: TraceBatch
    private let tree: RunTree
    private var evidence: [CallEvidence] = []
    /// By the place of the span: what holds below it.
    private var below: [Surroundings]
    private var callOfResponse: [String: Int] = [:]
    private var callOfSpan: [Int: Int] = [:]

    private struct Surroundings {
        var agentName: String?
        /// The nearest reward span at or above.
        var rewardSpan: Int?
        /// The nearest counted call at or above.
        var call: Int?
    }

    /// - Parameter batch: spans in causal order, as the archive gives them.
    /// - Complexity: O(n) in spans and their attributes; no recursion.
    init(_ batch: TraceBatch) {
        self.batch = batch
        tree = RunTree(batch.spans.map { ($0.spanID, $0.parentSpanID) })
        below = [Surroundings](repeating: Surroundings(), count: batch.spans.count)
        evidence = batch.spans.map { CallEvidence(of: $0, in: batch) }
        let counted = countedSpans()
        for (place, index) in tree.preorder.enumerated() {
            visit(index, place: place, counted: counted[index])
        }
        addDuplicates(counted)
    }

    /// For each duplicate the span that counts; a span whose counterpart is no call here counts
    /// itself.
    private mutating func countedSpans() -> [Int: Int] {
        var indices: [SpanID: Int] = [:]
        for (index, span) in batch.spans.enumerated() where indices[span.spanID] == nil {
            indices[span.spanID] = index
        }
        var counted: [Int: Int] = [:]
        for start in evidence.indices {
            guard case .duplicate = evidence[start] else { continue }
            var index = start
            var seen: Set<Int> = []
            while case .duplicate(let id) = evidence[index], seen.insert(index).inserted,
                let next = indices[id]
            {
                index = next
            }
            if case .call = evidence[index] { counted[start] = index }
        }
        return counted
    }

    private mutating func visit(_ index: Int, place: Int, counted: Int?) {
        let span = batch.spans[index]
        let around = tree.parent(of: index).map { below[$0] } ?? Surroundings()
        var inside = around
        let told = SpanReward(of: span, in: batch)
        switch evidence[index] {
        case .none: break
        case .empty:
            skip(
                index, .step, "names no messages, tokens or response, so it is a step around a call"
            )
        case .duplicate:
            if counted == nil { inside.call = take(index, place, around) ?? around.call }
        case .raw:
            if let call = around.call, tellsSame(index, as: calls[call]) {
                calls[call].others.append(index)
            } else {
                inside.call = take(index, place, around) ?? around.call
            }
        case .call: inside.call = take(index, place, around) ?? around.call
        }
        inside.agentName = batch.agentName(of: span) ?? around.agentName
        switch told {
        case .reward(let reward):
            rewards.append(FoundReward(span: index, reward: reward, place: place))
            inside.rewardSpan = index
        case .malformed(let reason):
            skip(index, .unreadableReward, "has a reward that cannot be read: \(reason)")
        case .none, .withoutValue:
            if isRewardOperation(span) { inside.rewardSpan = index }
        }
        below[index] = inside
    }

    private func tellsSame(_ index: Int, as call: ModelCall) -> Bool {
        guard let id = batch.responseID(of: batch.spans[index]), let known = call.responseID else {
            return true
        }
        return id == known
    }

    private func isRewardOperation(_ span: SpanRecord) -> Bool {
        batch.text(span.name, equals: "agentlightning.operation")
            && batch.text("agentlightning.operation.name", of: span) == "agentlightning.reward"
    }

    /// Counts a call; nil where it is left out.
    private mutating func take(_ index: Int, _ place: Int, _ around: Surroundings) -> Int? {
        let span = batch.spans[index]
        if let reward = around.rewardSpan {
            skip(
                index, .belowReward,
                "belongs to the reward \(batch.spans[reward].spanID), below which it hangs")
            return nil
        }
        let responseID = batch.responseID(of: span)
        if let responseID, let known = callOfResponse[responseID] {
            calls[known].others.append(index)
            callOfSpan[index] = known
            skip(index, .duplicate, "has the response of \(batch.spans[calls[known].span].spanID)")
            return nil
        }
        if responseID == nil, let outer = around.call {
            skip(
                index, .partOfCall,
                "is part of the call \(batch.spans[calls[outer].span].spanID), below which it "
                    + "hangs, since it has no response id of its own")
            return nil
        }
        calls.append(
            ModelCall(
                span: index,
                agentName: around.agentName ?? batch.text("gen_ai.agent.name", of: span) ?? "*",
                responseID: responseID, place: place))
        if let responseID { callOfResponse[responseID] = calls.count - 1 }
        callOfSpan[index] = calls.count - 1
        return calls.count - 1
    }

    private mutating func addDuplicates(_ counted: [Int: Int]) {
        for (index, span) in counted.sorted(by: { $0.key < $1.key }) {
            if let call = callOfSpan[span] { calls[call].others.append(index) }
            skip(
                index, .duplicate,
                "tells the same call as \(batch.spans[span].spanID), which counts")
        }
    }

    private mutating func skip(_ index: Int, _ cause: SkippedSpan.Cause, _ reason: String) {
        skipped.append(SkippedSpan(index, of: batch, cause, reason))
    }
}
