public import OTLP

/// The diagnoses of many runs, put together by reason.
public struct DiagnosisSummary: Sendable {
    /// What runs have in common.
    public struct Reason: Hashable, Sendable {
        /// That of a finding.
        public var code: String
        /// In the words of the first run that has it.
        public var what: String
        public var advice: String
        /// The ids of all runs that have it, in the order in which they were added.
        public var runs: [String]
    }

    public private(set) var runs = 0
    /// Ids of runs that give no triplets.
    public private(set) var runsWithoutTriplets: [String] = []
    public private(set) var triplets: Int64 = 0
    public private(set) var tripletsWithTokenIDs: Int64 = 0
    public private(set) var tripletsWithReward: Int64 = 0
    private var silent = Reasons()
    private var other = Reasons()

    public init() {}

    /// Why runs give no triplets, the commonest reason first. A run may have several.
    public var silentReasons: [Reason] { silent.sorted }
    /// What is amiss in runs that give some.
    public var otherReasons: [Reason] { other.sorted }

    /// Adds what `Diagnosis.json(run:)` gave.
    public mutating func add(_ diagnosis: JSONValue) {
        runs += 1
        let run = diagnosis["run"]?.string ?? ""
        let given = diagnosis.count("triplets")
        triplets += given
        tripletsWithTokenIDs += diagnosis.count("triplets_with_token_ids")
        tripletsWithReward += diagnosis.count("triplets_with_reward")
        if given == 0 { runsWithoutTriplets.append(run) }
        for finding in diagnosis["findings"]?.array ?? [] {
            if given == 0 {
                // That nobody rewarded what is not there is no reason.
                if finding["code"] != "no_reward" { silent.add(finding, of: run) }
            } else {
                other.add(finding, of: run)
            }
        }
    }
}

private struct Reasons {
    private var reasons: [DiagnosisSummary.Reason] = []
    private var places: [String: Int] = [:]

    mutating func add(_ finding: JSONValue, of run: String) {
        let code = finding["code"]?.string ?? ""
        if let place = places[code] {
            if reasons[place].runs.last != run { reasons[place].runs.append(run) }
            return
        }
        places[code] = reasons.count
        reasons.append(
            DiagnosisSummary.Reason(
                code: code, what: finding["what"]?.string ?? "",
                advice: finding["advice"]?.string ?? "", runs: [run]))
    }

    var sorted: [DiagnosisSummary.Reason] {
        reasons.sorted { ($1.runs.count, $0.code) < ($0.runs.count, $1.code) }
    }
}

extension JSONValue {
    fileprivate func count(_ name: String) -> Int64 {
        if case .int(let count)? = self[name] { count } else { 0 }
    }
}
