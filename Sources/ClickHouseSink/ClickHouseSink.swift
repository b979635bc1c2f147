import Foundation
import Mending
import OTLP
public import Sinks

/// Keeps runs in ClickHouse, in a table that readers of the OpenTelemetry Collector's exporter read.
///
/// Every span has one row that counts, known by its reported trace and span id. What ClickHouse has
/// is asked before it is written, so only rows that changed are sent, and those of placeholders that
/// went are taken away.
public final class ClickHouseSink: TraceSink {
    public struct Configuration: Sendable {
        public var name: String
        /// The server's HTTP interface, such as `http://localhost:8123`. Settings of ClickHouse may
        /// stand in its query: `?insert_quorum=auto`.
        public var endpoint: String
        public var database: String
        /// The name of the view; other names begin with it.
        public var table: String
        /// Where to create the tables replicated; nil for one server.
        public var cluster: String?
        /// Whether to create what is missing.
        public var createsSchema: Bool
        public var user: String?
        public var password: String?
        /// Sent with every request, in order.
        public var headers: [(name: String, value: String)]
        public var isCompressed: Bool
        /// For one request, from connecting to the end of the answer.
        public var timeout: Duration
        /// Whether runs come only when they are whole.
        public var takesSettledOnly: Bool
        /// Of one insert before compression; a single row may exceed it.
        public var maximumRequestBytes: Int
        /// Of one insert.
        public var maximumRows: Int
        /// Nanoseconds since 1970-01-01 UTC.
        public var now: @Sendable () -> UInt64

        public init(
            name: String = "clickhouse", endpoint: String, database: String = "default",
            table: String = "otel_traces", cluster: String? = nil, createsSchema: Bool = true,
            user: String? = nil, password: String? = nil,
            headers: [(name: String, value: String)] = [], isCompressed: Bool = true,
            timeout: Duration = .seconds(30), takesSettledOnly: Bool = true,
            maximumRequestBytes: Int = 16 << 20, maximumRows: Int = 10_000,
            now: @escaping @Sendable () -> UInt64 = ClickHouseSink.systemTime
        ) {
            self.name = name
            self.endpoint = endpoint
            self.database = database
            self.table = table
            self.cluster = cluster
            self.createsSchema = createsSchema
            self.user = user
            self.password = password
            self.headers = headers
            self.isCompressed = isCompressed
            self.timeout = timeout
            self.takesSettledOnly = takesSettledOnly
            self.maximumRequestBytes = maximumRequestBytes
            self.maximumRows = maximumRows
            self.now = now
        }
    }

    public let name: String
    public var mode: SinkMode { .replacing }
    public var takesSettledOnly: Bool { configuration.takesSettledOnly }

    private let configuration: Configuration
    private let schema: Schema
    private let client: ServerClient
    private let tables: Tables

    /// - Precondition: database, table and cluster are names as `isName(_:)` has them.
    public init(_ configuration: Configuration) throws(PeerClient.EndpointError) {
        name = configuration.name
        self.configuration = configuration
        schema = Schema(
            database: configuration.database, table: configuration.table,
            cluster: configuration.cluster)
        client = try ServerClient(configuration)
        tables = Tables(schema, createsSchema: configuration.createsSchema, client: client)
    }

    /// Whether a database, table or cluster may be called so: letters, digits and underscores.
    public static func isName(_ text: String) -> Bool { Schema.isName(text) }

    /// Writes what ClickHouse has not got of a revision, and takes away its placeholders that went.
    ///
    /// A large run comes in several inserts, the deletions last. When one fails, the next try sends
    /// what is still missing.
    public func deliver(_ revision: Revision) async throws(SinkError) {
        do {
            try await tables.prepare()
            try await write(revision)
        } catch {
            if case .misconfigured = error { tables.forget() }
            throw error
        }
    }

    public func close() async throws {
        try await client.shutdown()
    }

    /// The clock of the machine, in nanoseconds since 1970-01-01 UTC.
    public static func systemTime() -> UInt64 {
        UInt64(max(0, Date().timeIntervalSince1970) * 1e9)
    }

    private func write(_ revision: Revision) async throws(SinkError) {
        var stored = try await storedRows(of: revision)
        var writing = RowWriting(revision, version: version(above: stored))
        let places = revision.places
        for (place, mended) in revision.run.spans.enumerated()
        where places[mended.reported] == place {
            let span = revision.run.batch.spans[place]
            let known = stored[StoredRow.Key(span, mended)].flatMap { $0.isDeleted ? nil : $0 }
            writing.add(span, mended, storedHash: known?.hash)
            if writing.count >= configuration.maximumRows
                || writing.rows.bytes.count >= configuration.maximumRequestBytes
            {
                try await client.insert(schema.insertRows, rows: writing.rows.bytes)
                writing.removeAll()
            }
        }
        if writing.count > 0 {
            try await client.insert(schema.insertRows, rows: writing.rows.bytes)
        }
        var deletions = revision.deletions(
            stored.values, places: places, version: version(above: stored))
        if deletions.takesPlaceholders {
            // Rows of traces that this revision does not have may hang below them.
            try await add(.tracesOfRun, of: revision, to: &stored)
            deletions = revision.deletions(
                stored.values, places: places, version: version(above: stored))
        }
        if !deletions.rows.bytes.isEmpty {
            try await client.insert(schema.insertDeletions, rows: deletions.rows.bytes)
        }
    }

    /// Revisions count from 1 in every run, and a span may come to another run: only a number that
    /// always grows tells which of its rows is the newest.
    private func version(above stored: [StoredRow.Key: StoredRow]) -> UInt64 {
        let newest = stored.values.lazy.map(\.version).max() ?? 0
        return max(configuration.now(), newest == .max ? .max : newest + 1)
    }

    /// Trace ids in one query: 36 bytes each, and the server reads 256 KiB by default.
    private static let tracesInQuery = 2000

    private func storedRows(
        of revision: Revision
    ) async throws(SinkError) -> [StoredRow.Key: StoredRow] {
        var stored: [StoredRow.Key: StoredRow] = [:]
        let traces = revision.traces
        for start in stride(from: 0, to: traces.count, by: Self.tracesInQuery) {
            let part = traces[start...].prefix(Self.tracesInQuery)
            try await add(.traces(part), of: revision, to: &stored)
        }
        return stored
    }

    private func add(
        _ wanted: StoredRow.Wanted, of revision: Revision,
        to stored: inout [StoredRow.Key: StoredRow]
    ) async throws(SinkError) {
        let answer = try await client.run(
            StoredRow.query(wanted, runID: revision.runID, schema))
        for line in answer.split(separator: UInt8(ascii: "\n")) {
            guard let row = StoredRow(line: line, runID: revision.runID) else {
                let text = String(decoding: line.prefix(200), as: UTF8.self)
                throw .retryable(
                    reason: "the list of rows has a line \(text.debugDescription)", after: nil)
            }
            if stored[row.key] == nil { stored[row.key] = row }
        }
    }
}
