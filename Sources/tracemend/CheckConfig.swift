import ArgumentParser
import Collector
import Foundation

struct CheckConfig: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-config",
        abstract: "Say whether a configuration file is right.",
        discussion: """
            Example:
              tracemend check-config tracemend.yaml
            """)

    @Argument(help: "A YAML file.")
    var file: String

    func run() throws {
        var configuration = Configuration()
        try configuration.apply(yaml: try readText(file), file: file)
        try configuration.validate()
        print("\(file): ok")
    }
}

/// The text of a file.
func readText(_ file: String) throws -> String {
    do {
        return try String(contentsOfFile: file, encoding: .utf8)
    } catch {
        let reason = (error as NSError).localizedFailureReason ?? error.localizedDescription
        throw Failure("\(file): cannot be read: \(reason)")
    }
}
