import ArgumentParser
import Collector
import Mending
import OTLP
import Readings

struct Mend: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Mend export requests without a collector.",
        discussion: """
            The spans of all files are put into runs by the same rules as in the collector: by \
            rollout and attempt, else by trace. Log records with GenAI content, of requests to \
            /v1/logs, become events of their spans.

            Example:
              tracemend mend captures/*.bin
              tracemend mend --format otlp-json --as-one-run worker-*.bin > mended.json
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case tree
        case otlpJSON = "otlp-json"
        case otlpProtobuf = "otlp-protobuf"
    }

    @Option(help: "How to print the runs.")
    var format: Format = .tree

    @Flag(help: "Put all spans into one run, whatever ids they carry.")
    var asOneRun = false

    @Option(help: "Say why the span of this id (16 hexadecimal digits) stands where it stands.")
    var explain: String?

    @Option(help: "A folder of dialect tables that is read on top of the built-in ones.")
    var rules: String?

    @Argument(help: "Request bodies: protobuf or JSON, plain, gzip or zlib; - is standard input.")
    var files: [String]

    func validate() throws {
        guard !files.isEmpty else { throw ValidationError("name at least one FILE") }
        if let explain, SpanID(hexadecimal: explain) == nil {
            throw ValidationError("--explain wants a span id of 16 hexadecimal digits")
        }
    }

    func run() throws {
        let mending = try OfflineMending(rulesDirectory: rules)
        let batches = try files.map { try spans(of: $0, keys: mending.keys) }
        if let id = explain.flatMap({ SpanID(hexadecimal: $0) }) {
            return try explain(id, mending.explain(id, in: batches, asOneRun: asOneRun))
        }
        let runs = try mending.mend(batches, asOneRun: asOneRun)
        switch format {
        case .tree:
            let drawing = TreeText(isColoured: Terminal.isColoured)
            for (place, run) in runs.enumerated() {
                if place > 0 { try show("\n") }
                try show(RunHeader(id: run.id, batch: run.mended.batch).text(Terminal.isColoured))
                try show(drawing.text(of: SpanTree(run.mended.batch)))
                for note in run.mended.notes { tell("\(run.id): \(note)") }
            }
        case .otlpJSON:
            try show(mending.joined(runs).json(pretty: true) + [UInt8(ascii: "\n")])
        case .otlpProtobuf:
            try show(mending.joined(runs).protobuf())
        }
    }

    /// The spans of a file; log records come as the events that they will be.
    private func spans(of file: String, keys: KeyTable) throws -> TraceBatch {
        switch try RequestFile(file).decoded(keys: keys).request {
        case .traces(let batch): batch
        case .logs(let batch): batch.generativeEvents()
        }
    }
}
