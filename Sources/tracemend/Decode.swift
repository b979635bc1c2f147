import ArgumentParser
import OTLP
import Readings

struct Decode: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print what an export request holds, neither normalised nor repaired.",
        discussion: """
            Example:
              tracemend decode request.bin
              tracemend decode --format otlp-json - < request.json.gz
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text
        case otlpJSON = "otlp-json"
    }

    @Option(help: "How to print it.")
    var format: Format = .text

    @Argument(help: "A request body: protobuf or JSON, plain, gzip or zlib; - is standard input.")
    var file: String

    func run() throws {
        switch (try RequestFile(file).decoded().request, format) {
        case (.traces(let batch), .text): try show(BatchText().text(of: batch))
        case (.traces(let batch), .otlpJSON):
            try show(batch.json(pretty: true) + [UInt8(ascii: "\n")])
        case (.logs(let batch), .text): try show(BatchText().text(of: batch))
        case (.logs(let batch), .otlpJSON):
            try show(batch.json(pretty: true) + [UInt8(ascii: "\n")])
        }
    }
}
