import ArgumentParser
import Collector

struct CheckRules: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-rules",
        abstract: "Say whether a folder of dialect tables is right.",
        discussion: """
            Every mistake is told, one a line on standard error: file, line, column, what was \
            expected and what was found.

            Example:
              tracemend check-rules rules
            """)

    @Argument(help: "A folder of tables, as the key rules of the configuration names it.")
    var folder: String

    func run() throws {
        let problems = try problemsOfRules(inDirectory: folder)
        guard problems.isEmpty else {
            for problem in problems { tell(problem) }
            throw ExitCode(1)
        }
        print("\(folder): ok")
    }
}
