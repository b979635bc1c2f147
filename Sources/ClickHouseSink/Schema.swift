/// What the sink needs in ClickHouse, as SQL.
///
/// Rows are replaced by the span that they tell, its trace and span id as reported: of rows that
/// agree in these and in `Timestamp` the one with the highest `Version` counts, and none where that
/// one is a deletion. `Timestamp` is part of the key so that it decides the partition: then
/// partitions can be merged, pruned and dropped one by one. A span whose time changed gets a
/// deletion for its old row.
struct Schema: Sendable {
    var database: String
    /// The name of the view; other names begin with it.
    var table: String
    /// The cluster whose servers all get the tables; nil for one server.
    var cluster: String?

    /// The table that holds the rows of every revision until they are merged.
    var rowsTable: String { table + "_rows" }
    /// The exporter's name for the table in which readers look up when a trace was.
    var timesView: String { table + "_trace_id_ts" }

    /// The name as it stands in SQL.
    func quoted(_ name: String) -> String { "`\(database)`.`\(name)`" }

    var createDatabase: String { "CREATE DATABASE IF NOT EXISTS `\(database)`\(onCluster)" }

    var createRows: String {
        let columns = Column.all.map { "`\($0.name)` \($0.type) CODEC(\($0.codec))" }
        let indices = [
            "INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1",
            "INDEX idx_run_id RunId TYPE bloom_filter(0.001) GRANULARITY 1",
            "INDEX idx_res_attr_key mapKeys(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1",
            "INDEX idx_res_attr_value mapValues(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1",
            "INDEX idx_span_attr_key mapKeys(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1",
            "INDEX idx_span_attr_value mapValues(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1",
            "INDEX idx_duration Duration TYPE minmax GRANULARITY 1",
        ]
        let engine = cluster == nil ? "ReplacingMergeTree" : "ReplicatedReplacingMergeTree"
        return """
            CREATE TABLE IF NOT EXISTS \(quoted(rowsTable))\(onCluster) (
                \((columns + indices).joined(separator: ",\n    "))
            ) ENGINE = \(engine)(Version, IsDeleted)
            PARTITION BY toDate(Timestamp)
            ORDER BY (ReportedTraceId, ReportedSpanId, Timestamp)
            SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1
            """
    }

    var createView: String {
        let columns = Column.shown.map { "`\($0.name)`" }.joined(separator: ", ")
        return """
            CREATE VIEW IF NOT EXISTS \(quoted(table))\(onCluster) AS
            SELECT \(columns)
            FROM \(quoted(rowsTable)) FINAL
            WHERE IsDeleted = 0
            """
    }

    var createTimesView: String {
        """
        CREATE VIEW IF NOT EXISTS \(quoted(timesView))\(onCluster) AS
        SELECT TraceId, toDateTime(min(Timestamp)) AS Start, toDateTime(max(Timestamp)) AS End
        FROM \(quoted(table))
        GROUP BY TraceId
        """
    }

    /// Tab-separated: table, column, type.
    var listColumns: String {
        let tables = [rowsTable, table, timesView].map { "'\($0)'" }.joined(separator: ", ")
        return """
            SELECT table, name, type FROM system.columns
            WHERE database = '\(database)' AND table IN (\(tables))
            FORMAT TabSeparated
            """
    }

    var insertRows: String { insert(Column.all.map(\.name)) }
    var insertDeletions: String { insert(Column.deletion) }

    private func insert(_ columns: [String]) -> String {
        let names = columns.map { "`\($0)`" }.joined(separator: ", ")
        return "INSERT INTO \(quoted(rowsTable)) (\(names)) FORMAT RowBinary"
    }

    private var onCluster: String { cluster.map { " ON CLUSTER `\($0)`" } ?? "" }

    /// Whether a name can stand in SQL between back quotes, and in quotes, as it is.
    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 200
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
