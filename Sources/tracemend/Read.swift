import ArgumentParser
import Collector
import Foundation
import OTLP
import Readings

struct Read: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print runs for other programs.",
        discussion: """
            One run is printed as one JSON text, with what was skipped and why; into --output, and \
            with --all, as JSON Lines.

            Example:
              tracemend read ro-1/at-1 --as triplets | jq .
              tracemend read --all --since 24h --as messages --output finetune.jsonl
            """)

    enum Form: String, ExpressibleByArgument, CaseIterable {
        /// Agent-lightning's Triplet objects.
        case triplets
        /// Conversations in the OpenAI chat format.
        case messages
        case rewards
        /// Agent-lightning's Span objects.
        case spans
        case otlpJSON = "otlp-json"

        var reading: ReadingForm {
            switch self {
            case .triplets: .triplets
            case .messages: .messages
            case .rewards: .rewards
            case .spans: .spans
            case .otlpJSON: .otlp
            }
        }
    }

    @OptionGroup var source: RunSource

    @Argument(help: "A run's id, as `tracemend runs` prints it.")
    var run: String?

    @Option(name: .customLong("as"), help: "What to print.")
    var form: Form

    @Flag(help: "Read all runs, the oldest first.")
    var all = false

    @Option(
        help: ArgumentHelp(
            "With --all: only runs that came since, such as 24h or 2026-05-01T00:00:00Z.",
            valueName: "time"))
    var since: Since?

    @Option(name: .shortAndLong, help: "Write JSON Lines into this file, which must not exist yet.")
    var output: String?

    func validate() throws {
        guard all != (run != nil) else { throw ValidationError("name a RUN, or say --all") }
        guard since == nil || all else { throw ValidationError("--since: needs --all") }
    }

    func run() async throws {
        if let run, output == nil {
            let json = try await source.reading(.form(form.reading), ofRun: run)
            try show(indentedJSON(json) + [UInt8(ascii: "\n")])
            if form.reading.canSkip {
                // What a form nests is never deeper than what was sent.
                let value = try JSONValue(parsing: json, maximumDepth: 512)
                tellSkipped(value["skipped"]?.array?.count ?? 0, run: run)
            }
            return
        }
        let target = try LineFile(output)
        let ids: [String]
        if let run { ids = [run] } else { ids = try await source.runIDs(since: since?.date) }
        let folder = try source.openedFolder()
        var export = Export(runs: ids.count)
        do {
            for id in ids {
                let read = try await source.lines(form.reading, ofRun: id, folder: folder)
                if read == nil && !all { throw Failure("no run \(id) is known here") }
                export.add(read, to: target)
                if let failure = export.failure { throw failure }
                export.drawProgress()
            }
            export.eraseProgress()
            try target.finish()
        } catch {
            export.eraseProgress()
            target.discard()
            throw error
        }
        tell(export.summary(into: output))
    }

    private func tellSkipped(_ count: Int, run: String) {
        guard count > 0 else { return }
        tell("\(run): \(count) span\(count == 1 ? " was" : "s were") skipped; `skipped` says why")
    }
}

/// A time of day or an age.
struct Since: ExpressibleByArgument {
    let date: Date

    init?(argument: String) {
        if let date = try? Date(argument, strategy: .iso8601) {
            self.date = date
        } else if let seconds = Self.seconds(argument) {
            date = Date(timeIntervalSinceNow: -seconds)
        } else {
            return nil
        }
    }

    private static func seconds(_ text: String) -> Double? {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        guard let unit = text.last.flatMap({ units[$0] }), let number = Double(text.dropLast()),
            number.isFinite, number >= 0
        else { return nil }
        return number * unit
    }
}
