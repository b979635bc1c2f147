public import OTLP

/// Why a run gives no triplets, or fewer than expected, and what to do about each reason.
public struct Diagnosis: Sendable {
    /// What the collector knows beside the spans.
    public struct Circumstances: Sendable {
        /// `open`, `settled` or `closed`.
        public var state: String
        /// Sinks that gave up on the run, with the reason.
        public var parked: [(sink: String, reason: String)]

        public init(state: String, parked: [(sink: String, reason: String)] = []) {
            self.state = state
            self.parked = parked
        }
    }

    /// One reason.
    public struct Finding: Hashable, Sendable {
        /// A word for programs: lower case, joined by underscores.
        public var code: String
        public var what: String
        public var advice: String
        /// Spans that show it, at most five.
        public var spans: [SpanID]
    }

    public let findings: [Finding]
    public let spans: Int
    public let calls: Int
    public let callsWithTokenIDs: Int
    public let rewards: Int
    public let callsWithReward: Int
    public let state: String

    /// - Complexity: O(n log n) in the spans.
    public init(_ batch: TraceBatch, _ circumstances: Circumstances) {
        let triplets = Triplets(batch)
        var symptoms = Symptoms(batch, triplets)
        symptoms.addCircumstances(circumstances)
        symptoms.addCalls()
        symptoms.addTokenIDs()
        symptoms.addContent()
        symptoms.addRewards()
        findings = symptoms.findings
        spans = batch.spans.count
        calls = triplets.calls.count
        callsWithTokenIDs = symptoms.callsWithTokenIDs
        rewards = symptoms.rewards.json.count
        callsWithReward = triplets.callsWithReward
        state = circumstances.state
    }

    /// `{"run", "state", "spans", "model_calls", …, "findings": [{"code", "what", "advice", "spans"}]}`.
    public func json(run: String) -> JSONValue {
        [
            "run": .string(run), "state": .string(state), "spans": .int(Int64(spans)),
            "triplets": .int(Int64(calls)),
            "triplets_with_token_ids": .int(Int64(callsWithTokenIDs)),
            "rewards": .int(Int64(rewards)),
            "triplets_with_reward": .int(Int64(callsWithReward)),
            "findings": .array(
                findings.map { finding in
                    [
                        "code": .string(finding.code), "what": .string(finding.what),
                        "advice": .string(finding.advice),
                        "spans": .array(finding.spans.map { .string($0.description) }),
                    ]
                }),
        ]
    }
}
