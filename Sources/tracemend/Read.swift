import ArgumentParser
import OTLP
import Readings

struct Read: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a run for other programs.",
        discussion: """
            Example:
              tracemend read ro-1/at-1 --as spans | jq .
              tracemend read ro-1/at-1 --as otlp-json > mended.json
            """)

    enum Form: String, ExpressibleByArgument, CaseIterable {
        /// Agent-lightning's Span objects.
        case spans
        case otlpJSON = "otlp-json"
    }

    @OptionGroup var source: RunSource

    @Argument(help: "A run's id, as `tracemend runs` prints it.")
    var run: String

    @Option(name: .customLong("as"), help: "What to print.")
    var form: Form

    func run() async throws {
        switch form {
        case .spans:
            let spans = try await source.spans(ofRun: run)
            try show(spans.serialized(pretty: true) + [UInt8(ascii: "\n")])
        case .otlpJSON:
            let batch = try await source.batch(ofRun: run)
            try show(batch.json(pretty: true) + [UInt8(ascii: "\n")])
        }
    }
}
