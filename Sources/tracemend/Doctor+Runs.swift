import ArgumentParser
import Collector
import OTLP
import Readings

extension Doctor {
    /// Some run gives no triplets, or a sink gave up on one.
    private static let somethingIsAmiss = ExitCode(2)

    func lookOverRuns() async throws {
        var summary = DiagnosisSummary()
        for id in try await runIDs() {
            guard let reading = try await source.existingReading(.doctor, ofRun: id) else {
                continue
            }
            summary.add(try JSONValue(parsing: reading))
        }
        try show(text(of: summary))
        let parked = try await showDeliveries()
        let isParked =
            parked
            || (summary.silentReasons + summary.otherReasons)
                .contains { $0.code == "parked" }
        if isParked || !summary.runsWithoutTriplets.isEmpty { throw Self.somethingIsAmiss }
    }

    private func runIDs() async throws -> [String] {
        if let since { return try await source.runIDs(since: since.date).reversed() }
        let page = try await source.runs(limit: limit ?? 100)
        if page["next"]?.string != nil {
            tell("there are older runs; --limit and --since look at more")
        }
        return (page["runs"]?.array ?? []).compactMap { $0["id"]?.string }
    }

    private func text(of summary: DiagnosisSummary) -> String {
        guard summary.runs > 0 else { return "there are no runs\n" }
        let giving = summary.runs - summary.runsWithoutTriplets.count
        var text = "\(giving) of \(summary.runs) runs give triplets: \(summary.triplets) "
        text += "(\(summary.tripletsWithTokenIDs) with token ids, "
        text += "\(summary.tripletsWithReward) with a reward)\n"
        text += section(
            "\(summary.runsWithoutTriplets.count) give none:", summary.silentReasons)
        text += section("In runs that give some:", summary.otherReasons)
        return text
    }

    private func section(_ title: String, _ reasons: [DiagnosisSummary.Reason]) -> String {
        guard !reasons.isEmpty else { return "" }
        var text = "\n\(title)\n"
        for reason in reasons {
            let code = Terminal.bold(reason.code.printable(limit: 100), Terminal.isColoured)
            let shown = reason.runs.prefix(Self.runsShown).map { $0.printable(limit: 200) }
            let more = reason.runs.count - shown.count
            text += "\n\(code), \(reason.runs.count) run\(reason.runs.count == 1 ? "" : "s"), "
            text += "such as: \(reason.what.printable(limit: 2000))\n"
            text += "  → \(reason.advice.printable(limit: 2000))\n"
            text += "  runs: \(shown.joined(separator: " "))"
            text += more > 0 ? " and \(more) more\n" : "\n"
        }
        return text
    }

    private static let runsShown = 5

    /// - Returns: whether a sink gave up on a run.
    private func showDeliveries() async throws -> Bool {
        // A folder alone does not tell which sinks there are; what was given up is told by run.
        guard source.data == nil else { return false }
        let json = try await source.collector.json("/api/deliveries")
        let sinks = json["sinks"]?.array ?? []
        try show("\n" + Deliveries.table(ofSinks: sinks))
        return sinks.contains { sink in
            if case .int(let parked)? = sink["parked"] { parked > 0 } else { false }
        }
    }
}
