import ClickHouseSink
import Mending
import OTLP
import Sinks
import Synchronization
import Testing

/// Rows that replace each other, and those that are taken away.
@Suite struct ClickHouseReplacingTests {
    @Test func aRevisionThatClickHouseHasChangesNothing() async throws {
        try await withTable { table, _, sink in
            try await sink.deliver(revision(spans: [1, 2]))
            try await sink.deliver(revision(spans: [1, 2], number: 2))
            #expect(table.inserted.count == 2)
        }
    }

    @Test func onlySpansThatChangedAreWritten() async throws {
        try await withTable { table, _, sink in
            try await sink.deliver(revision(spans: [1, 2, 3]))
            var changed = revision(spans: [1, 2, 3], number: 2)
            changed.run.batch.spans[1].parentSpanID = SpanID(word: 1)
            try await sink.deliver(changed)
            #expect(table.inserted.map { $0.text("SpanId").suffix(1) } == ["1", "2", "3", "2"])
            #expect(table.inserted[3].number("Revision") == 2)
            #expect(table.live.count == 3)
        }
    }

    @Test func placeholdersThatWentAreTakenAway() async throws {
        try await withTable { table, _, sink in
            var first = revision(spans: [1, 2, 3])
            first.run.spans[2].isPlaceholder = true
            try await sink.deliver(first)
            try await sink.deliver(revision(spans: [1, 2], number: 2))
            #expect(live(table) == ["1", "2"])
            // And come back.
            try await sink.deliver(first)
            #expect(live(table) == ["1", "2", "3"])
        }
    }

    @Test func aPartOfARunLeavesTheRestWhereItIs() async throws {
        try await withTable { table, _, sink in
            // 3 stands for the parent of 1 below 4, which stands for another; nothing is below 5.
            var first = revision(spans: [1, 2, 3, 4, 5])
            for place in 2...4 { first.run.spans[place].isPlaceholder = true }
            first.run.batch.spans[0].parentSpanID = SpanID(word: 3)
            first.run.batch.spans[2].parentSpanID = SpanID(word: 4)
            try await sink.deliver(first)
            // Another collector has other spans of the run.
            try await sink.deliver(revision(spans: [6, 7]))
            #expect(live(table) == ["1", "2", "3", "4", "6", "7"])
            try await sink.deliver(revision(spans: [1, 2], number: 2))
            #expect(live(table) == ["1", "2", "6", "7"])
        }
    }

    @Test func aPlaceholderStaysWhileSpansOfAnotherTraceHangBelowIt() async throws {
        let unified = RunIdentity.named("run").unifiedTraceID
        try await withTable { table, _, sink in
            // One collector has two traces of the run, and a placeholder for a parent in both.
            var sketch = RunSketch()
            sketch.add("a", trace: 1, span: 1, parent: 9)
            sketch.add("b", trace: 2, span: 2, parent: 9)
            sketch.add("lost parent", trace: 3, span: 9)
            sketch.spans[2].isPlaceholder = true
            sketch.spans[2].reported = SpanKey(traceID: unified, spanID: SpanID(word: 9))
            try await sink.deliver(sketch.revision())
            // The other has a third one, in which nothing hangs there.
            var other = RunSketch()
            other.add("c", trace: 4, span: 4)
            try await sink.deliver(other.revision())
            #expect(live(table) == ["1", "2", "4", "9"])
            // Without spans below it, it goes, whatever trace the run has now.
            sketch.batch.spans[0].parentSpanID = .invalid
            sketch.batch.spans[1].parentSpanID = .invalid
            sketch.batch.spans.removeLast()
            sketch.spans.removeLast()
            try await sink.deliver(sketch.revision())
            #expect(live(table) == ["1", "2", "4"])
        }
    }

    @Test func aSpanWhoseTimeChangedHasOneRow() async throws {
        try await withTable { table, _, sink in
            try await sink.deliver(revision(spans: [1]))
            var later = revision(spans: [1], number: 2)
            later.run.batch.spans[0].startTimeUnixNano += 86_400_000_000_000
            try await sink.deliver(later)
            #expect(live(table) == ["1"])
            #expect(table.live.first?.signed("Timestamp") == 1_700_086_400_000_000_000)
        }
    }

    @Test func theRunThatWroteASpanLastHasIt() async throws {
        let trace = TraceID(high: 0, low: 1)
        try await withTable { table, _, sink in
            // A trace whose placeholder went when it turned out to belong to an attempt.
            var alone = revision(spans: [1, 2, 9], number: 7)
            alone.runID = trace.description
            alone.run.spans[2].isPlaceholder = true
            try await sink.deliver(alone)
            var attempt = revision(spans: [1, 2], number: 1)
            attempt.runID = "ro/at"
            try await sink.deliver(attempt)
            #expect(live(table) == ["1", "2"])
            #expect(table.live.map { $0.text("RunId") } == ["ro/at", "ro/at"])
            // A part of a trace leaves the rest where it is.
            var other = revision(spans: [2], number: 1)
            other.runID = "ro/other"
            try await sink.deliver(other)
            #expect(
                table.live.map { $0.text("SpanId").suffix(1) + $0.text("RunId") }.sorted()
                    == ["1ro/at", "2ro/other"])
        }
    }

    @Test func aClockThatGoesBackStopsNothing() async throws {
        let clock = Mutex<UInt64>(2_000)
        try await withTable(now: { clock.withLock { $0 } }) { table, _, sink in
            try await sink.deliver(revision(spans: [1]))
            clock.withLock { $0 = 1_000 }
            var changed = revision(spans: [1], number: 2)
            changed.run.batch.spans[0].parentSpanID = SpanID(word: 5)
            try await sink.deliver(changed)
            #expect(table.live.map { $0.text("ParentSpanId") } == ["0000000000000005"])
            #expect(table.inserted.map { $0.number("Version") } == [2_000, 2_001])
        }
    }

    @Test func aRunOfManyTracesIsAskedForInParts() async throws {
        var sketch = RunSketch()
        for trace in 1...4_500 { sketch.add("span", trace: UInt64(trace), span: 1) }
        let revision = sketch.revision()
        try await withTable { table, _, sink in
            try await sink.deliver(revision)
            try await sink.deliver(revision)
            #expect(table.inserted.count == 4_500)
            #expect(table.statements.count { $0.hasPrefix("SELECT Rep") } == 6)
            #expect(table.statements.allSatisfy { $0.utf8.count < 200_000 })
        }
    }
}
