public import OTLP

/// What the archive knows of a run without its spans.
public struct ArchivedRun: Hashable, Sendable {
    public var id: String
    public var rolloutID: String?
    public var attemptID: String?
    /// The revision that the archive holds.
    public var revision: Int
    public var isSettled: Bool
    public var spanCount: Int
    /// The trace ids as they were reported, in causal order.
    public var traceIDs: [TraceID]
    /// The earliest start of a span, in nanoseconds since 1970-01-01 UTC; nil where none is set.
    public var startTimeUnixNano: UInt64?
    /// The latest end of a span, in nanoseconds since 1970-01-01 UTC; nil where none is set.
    public var endTimeUnixNano: UInt64?
    /// When the run's first revision was written, in nanoseconds since 1970-01-01 UTC.
    public var firstDeliveredUnixNano: UInt64
    /// When the revision that is held was written, in nanoseconds since 1970-01-01 UTC.
    public var lastDeliveredUnixNano: UInt64
    /// What mending could not do, in words.
    public var notes: [String]
}

/// One page of a list of runs.
public struct ArchivedRunPage: Sendable {
    /// The run that came first to the archive last.
    public var runs: [ArchivedRun]
    /// What `runs(limit:after:)` takes for the next page; nil at the end.
    public var next: String?
}

extension ArchivedRun {
    static let columns = """
        id, rollout_id, attempt_id, revision, settled, spans, trace_ids, started_unix_nano,
        ended_unix_nano, first_delivered_unix_nano, last_delivered_unix_nano, notes
        """

    init(_ row: borrowing ResultRow) throws {
        id = row.text(0)
        rolloutID = row.textOrNil(1)
        attemptID = row.textOrNil(2)
        revision = Int(row.integer(3))
        isSettled = row.integer(4) != 0
        spanCount = Int(row.integer(5))
        traceIDs = try Self.texts(row, 6, "trace_ids").compactMap { TraceID(hexadecimal: $0) }
        startTimeUnixNano = row.isNull(7) ? nil : UInt64(bitPattern: row.integer(7))
        endTimeUnixNano = row.isNull(8) ? nil : UInt64(bitPattern: row.integer(8))
        firstDeliveredUnixNano = UInt64(bitPattern: row.integer(9))
        lastDeliveredUnixNano = UInt64(bitPattern: row.integer(10))
        notes = try Self.texts(row, 11, "notes")
    }

    private static func texts(
        _ row: borrowing ResultRow, _ column: CInt, _ name: String
    ) throws -> [String] {
        guard let elements = try? JSONValue(parsing: row.bytes(column)).array else {
            throw ArchiveError.damagedRow(run: row.text(0), span: "", column: name)
        }
        return elements.compactMap(\.string)
    }
}
