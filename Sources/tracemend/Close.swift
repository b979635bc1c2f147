import ArgumentParser
import CollectorHTTP
import OTLP
import Readings

struct Close: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell the collector that a run is whole, and wait until every sink has it.",
        discussion: """
            Example:
              tracemend close ro-1/at-1
              tracemend close --wait 2m 4bf92f3577b34da6a3ce929d0e0e4736
            """)

    @OptionGroup var collector: CollectorAddress

    @Option(help: "How long to wait for the sinks, up to 10m.")
    var wait = "30s"

    @Argument(help: "A run's id, as `tracemend runs` prints it.")
    var run: String

    func run() async throws {
        let path = "/api/runs/\(percentEncoded(run))/close?wait=\(percentEncoded(wait))"
        let (status, body) = try await collector.fetch("POST", path, timeout: .seconds(660))
        let json = try? JSONValue(parsing: body)
        guard status == 200 || status == 202 else {
            throw Failure("\(run): \(json?["error"]?.string ?? "answered \(status)")")
        }
        for sink in json?["sinks"]?.array ?? [] {
            let error = sink["error"]?.string.map { ": \($0)" } ?? ""
            let line = "\(sink["sink"]?.string ?? "?"): \(sink["state"]?.string ?? "?")\(error)"
            print(line.printable(limit: 4000))
        }
        if status == 202 { throw Failure("\(run): not every sink has it after \(wait)") }
    }
}
