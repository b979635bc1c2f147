import Foundation
import Inbox
public import OTLP
import Readings
import SQLiteArchive

/// What the query API answers, without HTTP: the archive's runs, with their state from the inbox.
public struct RunQueries: Sendable {
    private let archive: ArchiveReader?
    private let inbox: InboxReader?
    /// Writing a large run takes long.
    private let writing = WorkThread(label: "queries")

    init(archive: ArchiveReader?, inbox: InboxReader) {
        self.archive = archive
        self.inbox = inbox
    }

    /// Reads a data folder, on which a collector may be running.
    public init(readingFolder folder: String) throws(QueryError) {
        do {
            archive = try ArchiveReader(directory: folder)
            // A copy of the archive alone can be read as well.
            let path = folder + "/" + Pipeline.inboxFileName
            inbox =
                FileManager.default.fileExists(atPath: path) ? try InboxReader(path: path) : nil
        } catch {
            throw .unreadable("\(error)")
        }
    }

    /// The answer about one run.
    public enum Answer: Sendable {
        /// A JSON text as UTF-8. What spans nest may be deeper than a `JSONValue` may be.
        case json([UInt8])
        /// JSON Lines as UTF-8, and how many spans were left out.
        case lines([UInt8], skipped: Int)
        /// The trace belongs to this run.
        case alias(String)
        case unknown
    }

    /// `{"runs": [{"id", …}], "next": cursor or null}`, the run that came last first.
    public func runs(limit: Int, after cursor: String?) async throws(QueryError) -> JSONValue {
        guard let archive else { throw .noArchive }
        do {
            let page = try await archive.runs(limit: limit, after: cursor)
            var runs: [JSONValue] = []
            for run in page.runs { runs.append(try await summary(of: run)) }
            return ["runs": .array(runs), "next": page.next.map { .string($0) } ?? .null]
        } catch ArchiveError.malformedCursor(let cursor) {
            throw .malformedCursor(cursor)
        } catch {
            throw .unreadable("\(error)")
        }
    }

    /// One reading of one run, by its id or by a trace id that is an alias of it.
    /// - Parameter asLines: JSON Lines instead of one JSON text, where the reading is a form.
    public func answer(
        _ id: String, _ reading: RunReading, asLines: Bool = false
    ) async throws(QueryError) -> Answer {
        guard let archive else { throw .noArchive }
        do {
            guard let run = try await archive.run(id) else {
                return try await alias(of: id, archive).map { .alias($0) } ?? .unknown
            }
            if reading == .summary { return .json(try await summary(of: run).serialized()) }
            guard let batch = try await archive.batch(ofRun: id) else { return .unknown }
            let circumstances = try await circumstances(of: run)
            let document = RunDocument(
                batch, id: run.id, rolloutID: run.rolloutID, attemptID: run.attemptID)
            return try await writing.run {
                switch reading {
                case .form(let form) where asLines:
                    let lines = document.lines(form)
                    return .lines(lines.text, skipped: lines.skipped)
                case .form(let form): return .json(document.json(form))
                case .tree: return .json(SpanTree(batch).jsonBytes())
                case .doctor, .summary:
                    return .json(Diagnosis(batch, circumstances).json(run: run.id).serialized())
                }
            }
        } catch {
            throw .unreadable("\(error)")
        }
    }

    /// One reading of one run, by its id or an alias, which is followed; nil where there is none.
    public func reading(
        _ id: String, _ reading: RunReading, asLines: Bool = false
    ) async throws(QueryError) -> Answer? {
        var answer = try await answer(id, reading, asLines: asLines)
        if case .alias(let target) = answer {
            answer = try await self.answer(target, reading, asLines: asLines)
        }
        switch answer {
        case .json, .lines: return answer
        case .alias, .unknown: return nil
        }
    }

    /// The mended spans of a run, by its id or an alias; nil where there is none.
    public func batch(ofRun id: String) async throws(QueryError) -> TraceBatch? {
        guard let archive else { throw .noArchive }
        do {
            if let batch = try await archive.batch(ofRun: id) { return batch }
            guard let target = try await alias(of: id, archive) else { return nil }
            return try await archive.batch(ofRun: target)
        } catch {
            throw .unreadable("\(error)")
        }
    }

    /// How many spans the archive holds; nil where it is off.
    func archivedSpans() async throws(QueryError) -> Int? {
        do {
            return try await archive?.spanCount()
        } catch {
            throw .unreadable("\(error)")
        }
    }

    private func alias(of id: String, _ archive: ArchiveReader) async throws -> String? {
        guard let trace = TraceID(hexadecimal: id) else { return nil }
        let runs = try await archive.runs(ofTrace: trace)
        return runs.count == 1 && runs[0] != id ? runs[0] : nil
    }

    private func state(of run: ArchivedRun) async throws -> String {
        if let inbox, let key = RunKey(id: run.id), let status = try await inbox.run(key) {
            return status.state.rawValue
        }
        return run.isSettled ? "settled" : "open"
    }

    private func circumstances(of run: ArchivedRun) async throws -> Diagnosis.Circumstances {
        var circumstances = Diagnosis.Circumstances(state: try await state(of: run))
        if let inbox, let key = RunKey(id: run.id) {
            circumstances.parked = try await inbox.deliveries(of: key)
                .filter { $0.state == .parked }
                .map { (sink: $0.sink, reason: $0.error ?? "no reason was kept") }
        }
        return circumstances
    }

    private func summary(of run: ArchivedRun) async throws -> JSONValue {
        let state = try await state(of: run)
        return [
            "id": .string(run.id),
            "rollout_id": run.rolloutID.map { .string($0) } ?? .null,
            "attempt_id": run.attemptID.map { .string($0) } ?? .null,
            "trace_ids": .array(run.traceIDs.map { .string($0.description) }),
            "state": .string(state),
            "spans": .int(Int64(run.spanCount)),
            "revision": .int(Int64(run.revision)),
            "received_at": time(run.firstDeliveredUnixNano),
            "started_at": time(run.startTimeUnixNano),
            "ended_at": time(run.endTimeUnixNano),
            "notes": .array(run.notes.map { .string($0) }),
        ]
    }

    /// RFC 3339 in UTC, with milliseconds.
    private func time(_ nanoseconds: UInt64?) -> JSONValue {
        guard let nanoseconds else { return .null }
        let date = Date(timeIntervalSince1970: Double(nanoseconds) / 1e9)
        return .string(date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
    }
}

/// Why a query has no answer.
public enum QueryError: Error, Sendable, CustomStringConvertible {
    case noArchive
    /// The cursor is none that `runs(limit:after:)` gave.
    case malformedCursor(String)
    case unreadable(String)

    public var description: String {
        switch self {
        case .noArchive: "the archive is off (archive.enabled), so there is nothing to read"
        case .malformedCursor(let cursor):
            "cursor: expected the next of an earlier answer, found \"\(cursor)\""
        case .unreadable(let reason): reason
        }
    }
}
