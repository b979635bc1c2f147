import Compression
import Foundation
import OTLP
import Synchronization

/// A ClickHouse that knows the statements of the sink and nothing else: it keeps rows as a
/// ReplacingMergeTree does, and answers over HTTP.
final class TableStandIn: Sendable {
    typealias Row = [String: RowBinaryReader.Value]

    private struct State {
        var tables: [String: [(name: String, type: String)]] = [:]
        var statements: [String] = []
        var inserted: [Row] = []
    }

    private let state = Mutex(State())

    /// The names of the tables and views that are there.
    var tables: Set<String> { state.withLock { Set($0.tables.keys) } }
    /// All but inserts, as they came.
    var statements: [String] { state.withLock { $0.statements } }
    /// Every row that came, in order.
    var inserted: [Row] { state.withLock { $0.inserted } }

    /// Makes a table that somebody else has created.
    func create(_ table: String, columns: [(name: String, type: String)]) {
        state.withLock { $0.tables[table] = columns }
    }

    func drop(_ table: String) {
        state.withLock { $0.tables[table] = nil }
    }

    /// What `FINAL` shows: the newest row of each key, unless it is a deletion.
    var live: [Row] { newest.filter { $0.number("IsDeleted") == 0 } }

    private var newest: [Row] {
        state.withLock { state in
            var newest: [[RowBinaryReader.Value?]: Row] = [:]
            for row in state.inserted {
                let key = ["ReportedTraceId", "ReportedSpanId", "Timestamp"].map { row[$0] }
                let known = newest[key]?.number("Version") ?? 0
                if row.number("Version") >= known { newest[key] = row }
            }
            return Array(newest.values)
        }
    }

    func answer(_ request: ScriptedServer.Request) -> ScriptedServer.Step {
        do {
            let body = try request.exportedBytes()
            let parameters = URLComponents(string: request.path)?.queryItems ?? []
            if let query = parameters.first(where: { $0.name == "query" })?.value {
                try insert(query, rows: body)
                return .answer(200)
            }
            return try .answer(200, body: Array(run(String(decoding: body, as: UTF8.self)).utf8))
        } catch let error as Exception {
            return .answer(
                500, headers: [("x-clickhouse-exception-code", "\(error.code)")],
                body: Array("Code: \(error.code). DB::Exception: \(error.text)\n".utf8))
        } catch {
            return .answer(500, body: Array("\(error)".utf8))
        }
    }

    private struct Exception: Error {
        var code: Int
        var text: String
    }

    private func run(_ sql: String) throws -> String {
        state.withLock { $0.statements.append(sql) }
        if let table = named(sql, after: "CREATE TABLE IF NOT EXISTS ") {
            create(table, columns: rowColumns)
            return ""
        }
        if let view = named(sql, after: "CREATE VIEW IF NOT EXISTS ") {
            create(view, columns: rowColumns)
            return ""
        }
        if sql.hasPrefix("CREATE DATABASE") { return "" }
        if sql.contains("FROM system.columns") {
            return state.withLock { state in
                state.tables.flatMap { table, columns in
                    columns.map { "\(table)\t\($0.name)\t\($0.type)\n" }
                }.joined()
            }
        }
        guard sql.hasPrefix("SELECT ReportedTraceId"), sql.contains("GROUP BY") else {
            throw Exception(code: 62, text: "Syntax error: \(sql)")
        }
        return storedRows(sql)
    }

    private func storedRows(_ sql: String) -> String {
        let quoted = sql.split(separator: "'", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }.map { String($0.element) }
        // The run is named first; behind it come traces, or the run once more.
        let run = quoted.first { !$0.isEmpty } ?? ""
        let rows = newest
        let traces =
            sql.contains("WHERE RunId = ")
            ? Set(rows.filter { $0.text("RunId") == run }.map { $0.text("ReportedTraceId") })
            : Set(quoted.filter { TraceID(hexadecimal: $0) != nil })
        return rows.filter { traces.contains($0.text("ReportedTraceId")) }.map { row in
            let fields = [
                row.text("ReportedTraceId"), row.text("ReportedSpanId"),
                "\(row.signed("Timestamp"))", "\(row.signed("ContentHash"))",
                "\(row.number("Version"))", row.text("RunId") == run ? "" : row.text("RunId"),
                row.text("ParentSpanId"), "\(row.number("IsPlaceholder"))",
                "\(row.number("IsDeleted"))",
            ]
            return fields.joined(separator: "\t") + "\n"
        }.joined()
    }

    private func insert(_ sql: String, rows: [UInt8]) throws {
        guard let table = named(sql, after: "INSERT INTO "), sql.hasSuffix(" FORMAT RowBinary")
        else { throw Exception(code: 62, text: "Syntax error: \(sql)") }
        guard let known = state.withLock({ $0.tables[table] }) else {
            throw Exception(code: 60, text: "Table otel.\(table) does not exist. (UNKNOWN_TABLE)")
        }
        let names = sql.drop { $0 != "(" }.split(separator: "`").map(String.init)
        let columns = names.compactMap { name in known.first { $0.name == name } }
        let read = try RowBinaryReader.rows(rows, columns: columns)
        state.withLock { $0.inserted += read }
    }

    private func named(_ sql: String, after words: String) -> String? {
        guard sql.hasPrefix(words) else { return nil }
        let parts = sql.dropFirst(words.count).split(separator: "`")
        return parts.count > 2 ? String(parts[2]) : nil
    }
}

extension TableStandIn.Row {
    func text(_ column: String) -> String {
        if case .text(let text)? = self[column] { text } else { "" }
    }

    func number(_ column: String) -> UInt64 {
        if case .unsigned(let number)? = self[column] { number } else { 0 }
    }

    func signed(_ column: String) -> Int64 {
        if case .signed(let number)? = self[column] { number } else { 0 }
    }

    func map(_ column: String) -> [String: String] {
        if case .map(let map)? = self[column] { map } else { [:] }
    }
}

/// The columns of the exporter's table, as ClickHouse lists them.
///
/// Source: exporter/clickhouseexporter/internal/sqltemplates/traces_table.sql of
/// opentelemetry-collector-contrib.
let exportedColumns: [(name: String, type: String)] = [
    ("Timestamp", "DateTime64(9)"), ("TraceId", "String"), ("SpanId", "String"),
    ("ParentSpanId", "String"), ("TraceState", "String"),
    ("SpanName", "LowCardinality(String)"), ("SpanKind", "LowCardinality(String)"),
    ("ServiceName", "LowCardinality(String)"),
    ("ResourceAttributes", "Map(LowCardinality(String), String)"), ("ScopeName", "String"),
    ("ScopeVersion", "String"), ("SpanAttributes", "Map(LowCardinality(String), String)"),
    ("Duration", "UInt64"), ("StatusCode", "LowCardinality(String)"),
    ("StatusMessage", "String"), ("Events.Timestamp", "Array(DateTime64(9))"),
    ("Events.Name", "Array(LowCardinality(String))"),
    ("Events.Attributes", "Array(Map(LowCardinality(String), String))"),
    ("Links.TraceId", "Array(String)"), ("Links.SpanId", "Array(String)"),
    ("Links.TraceState", "Array(String)"),
    ("Links.Attributes", "Array(Map(LowCardinality(String), String))"),
]

/// Those of the sink's table.
let rowColumns =
    exportedColumns + [
        ("RunId", "String"), ("RolloutId", "String"), ("AttemptId", "String"),
        ("Sequence", "UInt32"), ("ReportedTraceId", "String"), ("ReportedSpanId", "String"),
        ("ReportedParentSpanId", "String"), ("RepairRule", "LowCardinality(String)"),
        ("RepairConfidence", "Float64"), ("DuplicateOf", "String"), ("IsPlaceholder", "Bool"),
        ("Revision", "UInt64"), ("ContentHash", "Int64"), ("Version", "UInt64"),
        ("IsDeleted", "UInt8"),
    ]
