import ArgumentParser
import Collector
import OTLP

struct Runs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the runs, the newest first.",
        discussion: """
            Example:
              tracemend runs
              tracemend runs --data ./data --limit 20
            """)

    @OptionGroup var source: RunSource

    @Option(help: "At most this many, up to 1000.")
    var limit = 100

    func validate() throws {
        guard (1...1000).contains(limit) else {
            throw ValidationError("--limit: expected a number from 1 to 1000")
        }
    }

    func run() async throws {
        let json = try await source.runs(limit: limit)
        let runs = json["runs"]?.array ?? []
        let rows = runs.map { run in
            [
                run["id"]?.string ?? "", run["state"]?.string ?? "",
                run["spans"].map(\.text) ?? "", run["started_at"]?.string ?? "",
            ]
        }
        try show(TextTable(header: ["RUN", "STATE", "SPANS", "STARTED"], rows: rows).text)
        if json["next"]?.string != nil { tell("there are more runs; --limit shows up to 1000") }
    }
}
