import ArgumentParser
import Collector
import OTLP
import Readings

struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say why runs give no triplets, and what to do.",
        discussion: """
            Without RUN it looks over the runs that came last, and groups those that give no \
            triplets by the reason. Then it exits with 2 where such runs are, or a sink gave up on \
            one; with 0 where none are.

            Example:
              tracemend doctor
              tracemend doctor --since 24h
              tracemend doctor ro-1/at-1
              tracemend doctor --data ./data 4bf92f3577b34da6a3ce929d0e0e4736
            """)

    @OptionGroup var source: RunSource

    @Argument(help: "A run's id, as `tracemend runs` prints it.")
    var run: String?

    @Option(help: "Without RUN: look at so many runs that came last, up to 1000.")
    var limit: Int?

    @Option(
        help: ArgumentHelp(
            "Without RUN: look at all runs that came since, such as 24h or 2026-05-01T00:00:00Z.",
            valueName: "time"))
    var since: Since?

    func validate() throws {
        guard run == nil || (limit == nil && since == nil) else {
            throw ValidationError("--limit and --since: not with a RUN")
        }
        guard limit == nil || since == nil else {
            throw ValidationError("--limit: not with --since")
        }
        guard (1...1000).contains(limit ?? 1) else {
            throw ValidationError("--limit: expected a number from 1 to 1000")
        }
    }

    func run() async throws {
        guard let run else { return try await lookOverRuns() }
        let json = try JSONValue(parsing: try await source.reading(.doctor, ofRun: run))
        let isColoured = Terminal.isColoured
        func number(_ key: String) -> String { json[key].map(\.text) ?? "?" }
        var text = "\(json["run"]?.string ?? run): \(json["state"]?.string ?? "?"), "
        text += "\(number("spans")) spans, \(number("triplets")) triplets "
        text += "(\(number("triplets_with_token_ids")) with token ids, "
        text += "\(number("triplets_with_reward")) with a reward), \(number("rewards")) rewards"
        text = text.printable(limit: 400) + "\n"
        let findings = json["findings"]?.array ?? []
        for finding in findings {
            let code = Terminal.bold(finding["code"]?.string ?? "", isColoured)
            text += "\n\(code): \((finding["what"]?.string ?? "").printable(limit: 2000))\n"
            text += "  → \((finding["advice"]?.string ?? "").printable(limit: 2000))\n"
            let spans = (finding["spans"]?.array ?? []).compactMap(\.string)
            if !spans.isEmpty { text += "  spans: \(spans.joined(separator: " "))\n" }
        }
        if findings.isEmpty { text += "nothing is amiss\n" }
        try show(text)
    }
}
