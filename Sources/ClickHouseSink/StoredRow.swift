import OTLP

/// What ClickHouse has of one span.
struct StoredRow: Sendable {
    struct Key: Hashable, Sendable {
        var span: SpanKey
        /// The row's `Timestamp`, nanoseconds since 1970.
        var unixNano: Int64
    }

    var key: Key
    var hash: Int64
    var version: UInt64
    var runID: String
    var parentSpanID: SpanID
    var isPlaceholder: Bool
    /// The newest row says that the span went.
    var isDeleted: Bool

    /// Which rows to ask for.
    enum Wanted {
        /// Of spans that were reported in these traces; the key begins with the trace, so this costs
        /// little.
        case traces(ArraySlice<TraceID>)
        /// Of spans that were reported in any trace in which the run has spans: looks through the
        /// whole table.
        case tracesOfRun
    }

    /// Asks for the newest row of each key, which is why `FINAL` is not needed. `GLOBAL` is for tables
    /// that are spread over shards, and means nothing for others.
    static func query(_ wanted: Wanted, runID: String, _ schema: Schema) -> String {
        let rows = schema.quoted(schema.rowsTable)
        let run = "'\(runID.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))'"
        let condition =
            switch wanted {
            case .traces(let traces):
                "ReportedTraceId IN (\(traces.map { "'\($0)'" }.joined(separator: ", ")))"
            case .tracesOfRun:
                "ReportedTraceId GLOBAL IN (SELECT ReportedTraceId FROM \(rows) WHERE RunId = \(run))"
            }
        return """
            SELECT ReportedTraceId, ReportedSpanId, toUnixTimestamp64Nano(Timestamp),
                argMax(ContentHash, Version), max(Version),
                if(argMax(RunId, Version) = \(run), '', argMax(RunId, Version)),
                argMax(ParentSpanId, Version), toUInt8(argMax(IsPlaceholder, Version)),
                argMax(IsDeleted, Version)
            FROM \(rows)
            WHERE \(condition)
            GROUP BY ReportedTraceId, ReportedSpanId, Timestamp
            FORMAT TabSeparated
            """
    }

    /// A line of the answer to `query`; nil for anything else.
    init?(line: ArraySlice<UInt8>, runID: String) {
        let fields = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard fields.count == 9, let time = Int64(fields[2]), let hash = Int64(fields[3]),
            let version = UInt64(fields[4]), let isPlaceholder = Self.flag(fields[7]),
            let isDeleted = Self.flag(fields[8]),
            let trace = fields[0].isEmpty ? .invalid : TraceID(hexadecimal: fields[0]),
            let span = fields[1].isEmpty ? .invalid : SpanID(hexadecimal: fields[1]),
            let parent = fields[6].isEmpty ? .invalid : SpanID(hexadecimal: fields[6])
        else { return nil }
        key = Key(span: SpanKey(traceID: trace, spanID: span), unixNano: time)
        self.hash = hash
        self.version = version
        self.runID = fields[5].isEmpty ? runID : fields[5]
        parentSpanID = parent
        self.isPlaceholder = isPlaceholder
        self.isDeleted = isDeleted
    }

    private static func flag(_ text: String) -> Bool? {
        switch text {
        case "1": true
        case "0": false
        default: nil
        }
    }
}
