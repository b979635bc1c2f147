import ArgumentParser
import OTLP
import Readings

struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Draw the tree of a run.",
        discussion: """
            A mended edge carries the mark \(TreeText.mendedMark) and the rule that mended it, with its confidence.

            Example:
              tracemend show ro-1/at-1
              tracemend show --data ./data 4bf92f3577b34da6a3ce929d0e0e4736
            """)

    @OptionGroup var source: RunSource

    @Argument(help: "A run's id, as `tracemend runs` prints it.")
    var run: String

    func run() async throws {
        let batch = try await source.batch(ofRun: run)
        try show(RunHeader(id: run, batch: batch).text(Terminal.isColoured))
        try show(TreeText(isColoured: Terminal.isColoured).text(of: SpanTree(batch)))
    }
}
