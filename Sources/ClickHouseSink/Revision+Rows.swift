import Mending
import OTLP
import Sinks

extension StoredRow.Key {
    init(_ span: SpanRecord, _ mended: MendedSpan) {
        self.init(span: mended.reported, unixNano: Int64(clamping: span.startTimeUnixNano))
    }
}

extension Revision {
    /// Where each span stands in the run. Of a span that is told twice the last one counts.
    var places: [SpanKey: Int] {
        var places: [SpanKey: Int] = [:]
        places.reserveCapacity(run.spans.count)
        for (place, mended) in run.spans.enumerated() where place < run.batch.spans.count {
            places[mended.reported] = place
        }
        return places
    }

    /// The traces that spans of the run were reported in, and those of its placeholders.
    var traces: [TraceID] {
        Set(run.spans.lazy.map(\.reported.traceID)).union(run.batch.spans.lazy.map(\.traceID))
            .sorted()
    }

    /// The deletions of rows that no longer tell a span: in the order of `Column.deletion`.
    func deletions(
        _ stored: some Collection<StoredRow>, places: [SpanKey: Int], version: UInt64
    ) -> RowBinary {
        let abandoned = abandonedRuns(stored, places: places)
        var rows = RowBinary()
        for row in stored where !row.isDeleted {
            let isStale: Bool
            if let place = places[row.key.span] {
                // The span is told elsewhere: its time changed.
                isStale = StoredRow.Key(run.batch.spans[place], run.spans[place]) != row.key
            } else {
                isStale = row.runID == runID || abandoned.contains(row.runID)
            }
            guard isStale else { continue }
            rows.write(row.key.unixNano)
            rows.write(row.key.span.traceID)
            rows.write(row.key.span.spanID)
            rows.write(version)
            rows.write(UInt8(1))
        }
        return rows
    }

    /// Traces that had runs of their own before they turned out to belong to this one: nothing but
    /// placeholders is left there.
    private func abandonedRuns(
        _ stored: some Collection<StoredRow>, places: [SpanKey: Int]
    ) -> Set<String> {
        var runs = Set(
            run.spans.lazy.filter { !$0.isPlaceholder }.map { $0.reported.traceID.description })
        runs.remove(runID)
        for row in stored
        where !row.isDeleted && !row.isPlaceholder && places[row.key.span] == nil {
            runs.remove(row.runID)
        }
        return runs
    }
}
