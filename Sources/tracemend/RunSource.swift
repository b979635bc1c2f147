import ArgumentParser
import Collector
import CollectorHTTP
import OTLP

/// Where runs are read from: a running collector, or a data folder.
struct RunSource: ParsableArguments {
    @OptionGroup var collector: CollectorAddress

    @Option(help: "Read this data folder instead of asking a collector; one may be running on it.")
    var data: String?

    /// `{"runs": […], "next": …}`, as the query API answers.
    func runs(limit: Int) async throws -> JSONValue {
        if let data {
            return try await RunQueries(readingFolder: data).runs(limit: limit, after: nil)
        }
        return try await collector.json("/api/runs?limit=\(limit)")
    }

    /// `{"spans": […]}`, as the query API answers.
    func spans(ofRun run: String) async throws -> JSONValue {
        guard let data else {
            return try await collector.json("/api/runs/\(percentEncoded(run))/spans")
        }
        guard case .json(let json) = try await RunQueries(readingFolder: data).answer(run, .spans)
        else { throw Failure("\(data): no run \(run) is known here") }
        return try JSONValue(parsing: json)
    }

    /// The mended spans of a run.
    func batch(ofRun run: String) async throws -> TraceBatch {
        if let data {
            guard let batch = try await RunQueries(readingFolder: data).batch(ofRun: run) else {
                throw Failure("\(data): no run \(run) is known here")
            }
            return batch
        }
        let path = "/api/runs/\(percentEncoded(run))/otlp"
        let (status, body) = try await collector.fetch("GET", path)
        guard status == 200 else {
            let error = (try? JSONValue(parsing: body))?["error"]?.string
            throw Failure("\(collector.url): \(error ?? "answered \(status)")")
        }
        return try TraceBatch(json: body)
    }
}
