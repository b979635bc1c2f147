import Foundation
import GRDB
import Inbox
import OTLP

/// A temporary directory with an Inbox in it, removed at the end.
func withScratch<T>(
    sinks: [String] = ["archive"], undeliveredLimitBytes: Int = 1 << 30,
    _ body: (Scratch) async throws -> T
) async throws -> T {
    let directory = FileManager.default.temporaryDirectory
        .appendingPathComponent("inbox-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { _ = try? FileManager.default.removeItem(at: directory) }
    return try await body(
        Scratch(
            directory: directory.path,
            configuration: InboxConfiguration(
                sinks: sinks, undeliveredLimitBytes: undeliveredLimitBytes)))
}

struct Scratch {
    var directory: String
    var configuration: InboxConfiguration

    var file: String { directory + "/inbox.sqlite" }

    /// Opens the Inbox, and closes it after the body.
    func open<T>(
        sinks: [String]? = nil, _ body: (Inbox) async throws -> T
    ) async throws -> T {
        var configuration = configuration
        if let sinks { configuration.sinks = sinks }
        let inbox = try Inbox(path: file, configuration: configuration)
        let result = try await body(inbox)
        try await inbox.shutdown()
        return result
    }

    /// The database behind the Inbox's back.
    func database<T>(_ body: (Database) throws -> T) throws -> T {
        let queue = try DatabaseQueue(path: file)
        defer { _ = try? queue.close() }
        return try queue.inDatabase(body)
    }
}

extension Inbox {
    func append(_ sketch: RequestSketch, at time: Int64 = 1) async throws -> Int64 {
        try await append(sketch.accepted(at: time))
    }

    /// All runs that are dirty or have not settled: those that are due at the end of time.
    var unsettled: [RunStatus] {
        get async throws {
            try await reader.dueRuns(
                nowUnixNano: .max, silence: Silence(graceNanoseconds: 0, patienceNanoseconds: 0),
                limit: .max
            ).runs
        }
    }

    /// The ids of the runs that have to be mended.
    var dirty: [String] {
        get async throws {
            try await unsettled.filter(\.isDirty).map(\.key.id).sorted()
        }
    }

    func sources(_ run: RunKey) async throws -> [Int64]? {
        try await reader.sources(of: run)?.requests.map(\.id)
    }

    /// Stands in for mending: records the next revision of every dirty run.
    func mendAll(settled: Bool = false, at time: Int64 = 10) async throws {
        for run in try await unsettled {
            guard let sources = try await reader.sources(of: run.key) else { continue }
            _ = try await recordRevision(.next(of: sources, settled: settled, at: time))
        }
    }

    /// Stands in for a sink: takes everything that waits for it.
    func deliverAll(to sink: String, settledOnly: Bool = false) async throws {
        let waiting = try await reader.undelivered(
            sink: sink, settledOnly: settledOnly, nowUnixNano: .max, limit: 1000)
        for delivery in waiting {
            try await delivered(
                sink: sink, run: delivery.run.key, revision: delivery.run.revision,
                throughRequest: delivery.run.mendedThrough, isSettled: delivery.run.isSettled)
        }
    }
}

extension RevisionRecord {
    static func next(
        of sources: RunSources, settled: Bool = false, at time: Int64 = 10
    ) -> RevisionRecord {
        RevisionRecord(
            run: sources.run.key, number: sources.run.revision + 1,
            throughRequest: sources.throughRequest, isSettled: settled, isWhole: true,
            recordedUnixNano: time, mendNanoseconds: 5, rulesVersion: "1",
            spans: sources.requests.reduce(0) { $0 + $1.spans },
            traceIDs: [TraceID(high: 0, low: 1)])
    }
}
