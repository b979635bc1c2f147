import ArgumentParser

/// The command line. Results go to standard output, messages to standard error.
@main
struct Tracemend: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tracemend",
        abstract: "Takes the traces of LLM agents from any OpenTelemetry SDK, and mends them.",
        discussion: """
            Start the collector, point an SDK at it, and read one tree:

              tracemend serve
              OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 python agent.py
              tracemend runs
              tracemend show RUN
            """,
        version: tracemendVersion,
        subcommands: [
            Serve.self, Decode.self, Mend.self, Runs.self, Show.self, Read.self, Send.self,
            Close.self, Deliveries.self, Redeliver.self, Doctor.self, CheckConfig.self,
            CheckRules.self,
        ])
}

let tracemendVersion = "0.1.0"
