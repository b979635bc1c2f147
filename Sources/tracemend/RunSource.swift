import ArgumentParser
import Collector
import CollectorHTTP
import Foundation
import OTLP
import Readings

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

    /// The ids of all runs, or of those that came since, the oldest first.
    func runIDs(since: Date?) async throws -> [String] {
        var ids: [String] = []
        var cursor: String?
        repeat {
            let page = try await runs(after: cursor)
            for run in page["runs"]?.array ?? [] {
                if let since, let text = run["received_at"]?.string,
                    let received = try? Date(text, strategy: Self.time), received < since
                {
                    return ids.reversed()
                }
                if let id = run["id"]?.string { ids.append(id) }
            }
            cursor = page["next"]?.string
        } while cursor != nil
        return ids.reversed()
    }

    private func runs(after cursor: String?) async throws -> JSONValue {
        if let data {
            return try await RunQueries(readingFolder: data).runs(limit: 1000, after: cursor)
        }
        let place = cursor.map { "&cursor=\(percentEncoded($0))" } ?? ""
        return try await collector.json("/api/runs?limit=1000\(place)")
    }

    private static let time = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    /// A reading of a run as one JSON text, as the query API answers.
    func reading(_ reading: RunReading, ofRun run: String) async throws -> [UInt8] {
        if let found = try await existingReading(reading, ofRun: run) { return found }
        throw Failure("\(data ?? "\(collector.url)"): no run \(run) is known here")
    }

    /// As `reading(_:ofRun:)`; nil for a run that is not there, or not any more.
    func existingReading(_ reading: RunReading, ofRun run: String) async throws -> [UInt8]? {
        if let data {
            let queries = try RunQueries(readingFolder: data)
            guard let answer = try await queries.reading(run, reading),
                case .json(let json) = answer
            else { return nil }
            return json
        }
        let path = "/api/runs/\(percentEncoded(run))/\(reading.segment)"
        let answer = try await collector.ask("GET", path, timeout: .seconds(600))
        if answer.status == 404 { return nil }
        guard answer.status == 200 else { throw refusal(answer.status, answer.body) }
        return answer.body
    }

    /// The data folder, opened; nil where a collector is asked.
    func openedFolder() throws -> RunQueries? {
        try data.map { try RunQueries(readingFolder: $0) }
    }

    /// A form of a run as JSON Lines, and how many spans it leaves out; nil for a run that is gone.
    func lines(
        _ form: ReadingForm, ofRun run: String, folder: RunQueries?
    ) async throws -> (text: [UInt8], skipped: Int)? {
        if let queries = folder {
            let answer = try await queries.reading(run, .form(form), asLines: true)
            guard case .lines(let text, let skipped)? = answer else { return nil }
            return (text, skipped)
        }
        let path = "/api/runs/\(percentEncoded(run))/\(form.rawValue)?format=jsonl"
        let answer = try await collector.ask("GET", path, timeout: .seconds(600))
        if answer.status == 404 { return nil }
        guard answer.status == 200 else { throw refusal(answer.status, answer.body) }
        return (answer.body, Int(answer.headers["tracemend-skipped"] ?? "") ?? 0)
    }

    private func refusal(_ status: Int, _ body: [UInt8]) -> Failure {
        let error = (try? JSONValue(parsing: body))?["error"]?.string
        return Failure("\(collector.url): \(error ?? "answered \(status)")")
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
        let answer = try await collector.ask("GET", path)
        guard answer.status == 200 else { throw refusal(answer.status, answer.body) }
        return try TraceBatch(json: answer.body)
    }
}
