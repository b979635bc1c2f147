/// One column of the table of rows, with the type that ClickHouse tells it by.
struct Column: Sendable {
    var name: String
    var type: String
    /// The codec in `CREATE TABLE`.
    var codec = "ZSTD(1)"

    /// The columns that the ClickHouse exporter of the OpenTelemetry Collector writes, in its order.
    ///
    /// Source: exporter/clickhouseexporter/internal/sqltemplates/traces_table.sql of
    /// opentelemetry-collector-contrib. Its `Nested` columns are arrays, one a member.
    static let exporter = [
        Column(name: "Timestamp", type: "DateTime64(9)", codec: "Delta(8), ZSTD(1)"),
        Column(name: "TraceId", type: "String"),
        Column(name: "SpanId", type: "String"),
        Column(name: "ParentSpanId", type: "String"),
        Column(name: "TraceState", type: "String"),
        Column(name: "SpanName", type: "LowCardinality(String)"),
        Column(name: "SpanKind", type: "LowCardinality(String)"),
        Column(name: "ServiceName", type: "LowCardinality(String)"),
        Column(name: "ResourceAttributes", type: attributes),
        Column(name: "ScopeName", type: "String"),
        Column(name: "ScopeVersion", type: "String"),
        Column(name: "SpanAttributes", type: attributes),
        Column(name: "Duration", type: "UInt64"),
        Column(name: "StatusCode", type: "LowCardinality(String)"),
        Column(name: "StatusMessage", type: "String"),
        Column(name: "Events.Timestamp", type: "Array(DateTime64(9))"),
        Column(name: "Events.Name", type: "Array(LowCardinality(String))"),
        Column(name: "Events.Attributes", type: "Array(\(attributes))"),
        Column(name: "Links.TraceId", type: "Array(String)"),
        Column(name: "Links.SpanId", type: "Array(String)"),
        Column(name: "Links.TraceState", type: "Array(String)"),
        Column(name: "Links.Attributes", type: "Array(\(attributes))"),
    ]

    /// What mending adds for readers.
    static let mending = [
        Column(name: "RunId", type: "String"),
        Column(name: "RolloutId", type: "String"),
        Column(name: "AttemptId", type: "String"),
        Column(name: "Sequence", type: "UInt32"),
        Column(name: "ReportedTraceId", type: "String"),
        Column(name: "ReportedSpanId", type: "String"),
        Column(name: "ReportedParentSpanId", type: "String"),
        Column(name: "RepairRule", type: "LowCardinality(String)"),
        Column(name: "RepairConfidence", type: "Float64"),
        Column(name: "DuplicateOf", type: "String"),
        Column(name: "IsPlaceholder", type: "Bool"),
    ]

    /// When the row was written; readers see the first alone.
    static let bookkeeping = [
        Column(name: "Revision", type: "UInt64"),
        Column(name: "ContentHash", type: "Int64"),
        Column(name: "Version", type: "UInt64"),
        Column(name: "IsDeleted", type: "UInt8"),
    ]

    /// In the order in which rows are written.
    static let all = exporter + mending + bookkeeping

    /// What the view shows.
    static let shown = exporter + mending + [bookkeeping[0]]

    /// What a row that only takes another away holds.
    static let deletion = [
        "Timestamp", "ReportedTraceId", "ReportedSpanId", "Version", "IsDeleted",
    ]

    private static let attributes = "Map(LowCardinality(String), String)"
}
