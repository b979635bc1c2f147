import ArgumentParser
import Collector
import OTLP
import Readings

struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say why a run gives no triplets, and what to do.",
        discussion: """
            Example:
              tracemend doctor ro-1/at-1
              tracemend doctor --data ./data 4bf92f3577b34da6a3ce929d0e0e4736
            """)

    @OptionGroup var source: RunSource

    @Argument(help: "A run's id, as `tracemend runs` prints it.")
    var run: String

    func run() async throws {
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
