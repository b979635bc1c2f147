import ArgumentParser
import CollectorHTTP
import OTLP
import Readings

struct Deliveries: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show how far each sink is, and what failed or was given up.",
        discussion: """
            Example:
              tracemend deliveries
              tracemend deliveries --url http://collector:4320
            """)

    @OptionGroup var collector: CollectorAddress

    func run() async throws {
        let json = try await collector.json("/api/deliveries")
        try show(Self.table(ofSinks: json["sinks"]?.array ?? []))
        let runs = (json["runs"]?.array ?? []).map { run in
            ["run", "sink", "state", "attempts", "error"].map { Self.text(run[$0]) }
        }
        guard !runs.isEmpty else { return }
        try show(
            "\n"
                + TextTable(header: ["RUN", "SINK", "STATE", "ATTEMPTS", "REASON"], rows: runs).text
        )
    }

    /// How far each sink is, one a line.
    static func table(ofSinks sinks: [JSONValue]) -> String {
        let rows = sinks.map { sink in
            ["sink", "state", "waiting", "parked", "failures"].map { text(sink[$0]) }
        }
        return TextTable(header: ["SINK", "STATE", "WAITING", "PARKED", "FAILURES"], rows: rows)
            .text
    }

    private static func text(_ value: JSONValue?) -> String {
        guard let value, value != .null else { return "" }
        return (value.string ?? value.text).printable(limit: 200)
    }
}

struct Redeliver: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Try again what was given up for a sink, once its cause is gone.",
        discussion: """
            Example:
              tracemend redeliver
              tracemend redeliver --sink store ro-1/at-1
            """)

    @OptionGroup var collector: CollectorAddress

    @Option(help: "Only for this sink.")
    var sink: String?

    @Argument(help: "Only this run; all without it.")
    var run: String?

    func run() async throws {
        let query = [("sink", sink), ("run", run)].compactMap { name, value in
            value.map { "\(name)=\(percentEncoded($0))" }
        }
        let path =
            "/api/deliveries/redeliver"
            + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
        let (status, body) = try await collector.fetch("POST", path)
        let json = try? JSONValue(parsing: body)
        guard status == 200, case .int(let count)? = json?["redelivered"] else {
            throw Failure("\(collector.url): \(json?["error"]?.string ?? "answered \(status)")")
        }
        print("\(count) \(count == 1 ? "delivery is" : "deliveries are") tried again")
    }
}
