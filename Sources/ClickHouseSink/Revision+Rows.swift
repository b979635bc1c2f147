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

    /// The traces that spans of the run were reported in, and those that its placeholders may have:
    /// the run's own trace id changes with the second reported trace.
    var traces: [TraceID] {
        Set(run.spans.lazy.map(\.reported.traceID)).union(run.batch.spans.lazy.map(\.traceID))
            .union([RunIdentity.named(runID).unifiedTraceID]).sorted()
    }

    /// Rows that take others away, in the order of `Column.deletion`.
    struct Deletions {
        var rows = RowBinary()
        var takesPlaceholders = false
    }

    /// The deletions of rows that no longer tell a span.
    ///
    /// A span that was reported never goes: where it is not in this revision another run has it, or
    /// this is but a part of the run, be it that another collector has the rest. Only rows of
    /// another time of a span go, and placeholders below which nothing is left.
    func deletions(
        _ stored: some Collection<StoredRow>, places: [SpanKey: Int], version: UInt64
    ) -> Deletions {
        let others = stored.filter { !$0.isDeleted && places[$0.key.span] == nil }
        let needed = neededParents(others)
        var runs = Set(
            run.spans.lazy.filter { !$0.isPlaceholder }.map { $0.reported.traceID.description })
        // Traces had runs of their own before they turned out to belong to this one.
        runs.insert(runID)
        var gone = others.filter {
            $0.isPlaceholder && runs.contains($0.runID) && !needed.contains($0.key.span.spanID)
        }
        var deletions = Deletions()
        deletions.takesPlaceholders = !gone.isEmpty
        gone += stored.filter { row in
            guard !row.isDeleted, let place = places[row.key.span] else { return false }
            return StoredRow.Key(run.batch.spans[place], run.spans[place]) != row.key
        }
        for row in gone {
            deletions.rows.write(row.key.unixNano)
            deletions.rows.write(row.key.span.traceID)
            deletions.rows.write(row.key.span.spanID)
            deletions.rows.write(version)
            deletions.rows.write(UInt8(1))
        }
        return deletions
    }

    /// The spans that rows hang below which this revision does not replace, up to their roots.
    private func neededParents(_ others: [StoredRow]) -> Set<SpanID> {
        var parents: [SpanID: SpanID] = [:]
        for row in others where row.isPlaceholder {
            parents[row.key.span.spanID] = row.parentSpanID
        }
        var needed: Set<SpanID> = []
        for row in others where !row.isPlaceholder {
            var parent: SpanID? = row.parentSpanID
            while let next = parent, next.isValid, needed.insert(next).inserted {
                parent = parents[next]
            }
        }
        return needed
    }
}
