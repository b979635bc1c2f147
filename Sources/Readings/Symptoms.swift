import OTLP

/// Looks a run over for what keeps it from being training data.
struct Symptoms {
    private(set) var findings: [Diagnosis.Finding] = []
    private(set) var callsWithTokenIDs = 0
    let rewards: Rewards
    private let batch: TraceBatch
    private let triplets: Triplets

    init(_ batch: TraceBatch, _ triplets: Triplets) {
        self.batch = batch
        self.triplets = triplets
        rewards = Rewards(batch)
    }

    private mutating func add(_ code: String, _ spans: [Int], _ what: String, _ advice: String) {
        findings.append(
            Diagnosis.Finding(
                code: code, what: what, advice: advice,
                spans: spans.prefix(5).map { batch.spans[$0].spanID }))
    }

    mutating func addCircumstances(_ circumstances: Diagnosis.Circumstances) {
        if circumstances.state == "open" {
            add(
                "not_settled", [],
                "the run is open: spans may still come, and sinks that only "
                    + "append have not got it",
                "close it when the attempt is over: tracemend close RUN")
        }
        for sink in circumstances.parked {
            add(
                "parked", [], "the sink \(sink.sink) gave up on the run: \(sink.reason)",
                "put right what it says, and have it delivered again")
        }
    }

    mutating func addCalls() {
        guard !batch.spans.isEmpty else {
            add(
                "no_spans", [], "the run has no spans",
                "see whether the exporter's endpoint is this collector's, and whether it is flushed "
                    + "before the process ends")
            return
        }
        if triplets.calls.isEmpty {
            let unknown = likelyCallsOfUnknownDialects()
            if let first = triplets.skipped.first(where: { Self.calls.contains($0.cause) }) {
                add(
                    "all_skipped", [],
                    "every model call was left out; the first (\(first.name)) \(first.reason)",
                    "tracemend read RUN --as triplets tells the reason for each")
            } else if !unknown.isEmpty {
                add(
                    "unknown_dialect", unknown,
                    "\(unknown.count) span\(unknown.count == 1 ? " looks" : "s look") like model "
                        + "calls, but no dialect is known for \(scopes(of: unknown))",
                    "add a table for it to the folder that `rules:` names (docs/rules.md)")
            } else {
                add(
                    "no_model_call", [],
                    "none of \(batch.spans.count) spans is a call of a model; they come from "
                        + scopes(of: Array(batch.spans.indices)),
                    "instrument the model's client too, before it is imported: a framework's own "
                        + "spans often do not tell the call")
            }
        }
        addUnanswered()
    }

    private mutating func addUnanswered() {
        let unanswered = triplets.calls.map(\.span).filter { index in
            let span = batch.spans[index]
            return ["gen_ai.output.messages", "gen_ai.response.id", "gen_ai.usage.output_tokens"]
                .allSatisfy { batch.attribute($0, in: span.attributes) == nil }
        }
        guard let first = unanswered.first else { return }
        let failed = unanswered.filter { batch.spans[$0].statusCode == 2 }
        let message = batch.string(batch.spans[failed.first ?? first].statusMessage)
        add(
            "no_response", unanswered,
            "\(unanswered.count) of \(triplets.calls.count) calls tell no response; "
                + "\(failed.count) failed" + (message.isEmpty ? "" : ": \(message)"),
            failed.isEmpty
                ? "the call may have been cut off, or its stream not read to the end"
                : "look at the model server; a failed call gives a triplet without tokens")
    }

    mutating func addTokenIDs() {
        var without: [Int] = []
        var halved: [Int] = []
        for call in triplets.calls {
            let ids = triplets.tokenIDs(of: call)
            switch (ids.prompt.isEmpty, ids.response.isEmpty) {
            case (false, false): callsWithTokenIDs += 1
            case (true, true): without.append(call.span)
            default: halved.append(call.span)
            }
        }
        let dropped = triplets.calls.map(\.span).filter {
            batch.spans[$0].droppedAttributesCount > 0
        }
        if !dropped.isEmpty {
            add(
                "attributes_dropped", dropped,
                "\(dropped.count) calls lost attributes in the SDK",
                "raise OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT")
        }
        if !without.isEmpty {
            add(
                "no_token_ids", without,
                "\(without.count) of \(triplets.calls.count) calls carry no token ids",
                "ask the model server for them (vLLM: return_token_ids), and use an "
                    + "instrumentation that keeps them (docs/readings.md)")
        }
        if !halved.isEmpty {
            add(
                "partial_token_ids", halved,
                "\(halved.count) calls carry token ids of only one of prompt and response",
                "an answer that was streamed or failed often has none")
        }
    }

    mutating func addContent() {
        let mute = triplets.calls.filter { call in
            ["gen_ai.input.messages", "gen_ai.output.messages"]
                .allSatisfy { batch.attribute($0, ofFirst: call.tellers) == nil }
        }
        guard !mute.isEmpty else { return }
        add(
            "no_messages", mute.map(\.span),
            "\(mute.count) of \(triplets.calls.count) calls tell no messages",
            "most instrumentations record them only when asked, such as by "
                + "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true or "
                + "TRACELOOP_TRACE_CONTENT=true")
    }

    mutating func addRewards() {
        if let first = rewards.skipped.first {
            findings.append(
                Diagnosis.Finding(
                    code: "reward_unreadable",
                    what: "\(rewards.skipped.count) rewards were not read; the first "
                        + "(\(first.name)) \(first.reason)",
                    advice: "emit_reward writes what can be read",
                    spans: rewards.skipped.prefix(5).map(\.spanID)))
        }
        let unmatched = triplets.skipped.filter { $0.cause == .unmatchedReward }
        if rewards.json.isEmpty {
            add(
                "no_reward", [], "the run has no reward",
                "emit one with agentlightning.emit_reward, or set agentlightning.reward.0.name and "
                    + ".value on a span of the run")
        } else if triplets.callsWithReward == 0 && !triplets.calls.isEmpty {
            findings.append(
                Diagnosis.Finding(
                    code: "reward_unmatched",
                    what: "no call got one of the \(rewards.json.count) rewards: each was given "
                        + "before a call had ended",
                    advice: "give a reward after the call that it is for",
                    spans: unmatched.prefix(5).map(\.spanID)))
        }
    }

    private static let calls: Set<SkippedSpan.Cause> = [.duplicate, .belowReward, .partOfCall]

    /// Spans that no dialect is known for, and that talk as model calls do.
    private func likelyCallsOfUnknownDialects() -> [Int] {
        batch.spans.indices.filter { index in
            let span = batch.spans[index]
            guard batch.attribute("tracemend.dialect", in: span.attributes) == nil else {
                return false
            }
            return batch.attributes(span.attributes).contains { attribute in
                let key = batch.key(of: attribute).lowercased()
                return ["prompt", "completion", "llm", "model", "gen_ai", "token"].contains {
                    key.contains($0)
                }
            }
        }
    }

    /// The instrumentation scopes of spans, the commonest first, in words.
    private func scopes(of spans: [Int]) -> String {
        var counts: [String: Int] = [:]
        for span in spans {
            let name = batch.string(batch.scope(of: batch.spans[span]).name)
            counts[name.isEmpty ? "a scope without a name" : name, default: 0] += 1
        }
        let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return sorted.prefix(5).map { "\($0.key) (\($0.value))" }.joined(separator: ", ")
            + (sorted.count > 5 ? " and \(sorted.count - 5) more" : "")
    }
}
