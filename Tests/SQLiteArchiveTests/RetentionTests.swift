import SQLiteArchive
import OTLP
import Sinks
import Testing

@Suite struct RetentionTests {
    @Test func whatIsOlderThanTheAgeGoesWithItsScopesAndTraces() async throws {
        let store = try TemporaryArchive()
        for run in 1...3 {
            var sketch = RunSketch(service: "service \(run)")
            sketch.add("a", trace: UInt64(run), span: 1)
            try await store.archive.deliver(
                sketch.revision(of: "run-\(run)", rollout: nil, attempt: nil))
            store.time.advance(seconds: 10)
        }
        let pruned = try await store.archive.prune(maximumAge: .seconds(15), maximumBytes: nil)
        #expect(pruned.runs == 2)
        #expect(pruned.spans == 2)
        #expect(try store.shell("SELECT id FROM runs") == ["run-3"])
        #expect(try store.shell("SELECT DISTINCT run FROM spans") == ["run-3"])
        for table in ["resources", "scopes", "run_traces"] {
            #expect(try store.shell("SELECT COUNT(*) FROM \(table)") == ["1"], "\(table)")
        }
    }

    @Test func overTheBytesTheOldestGoesUntilTheRestFits() async throws {
        let store = try TemporaryArchive()
        let text = String(repeating: "prompt ", count: 20_000)
        for run in 1...20 {
            store.time.advance(seconds: 1)
            try await store.archive.deliver(
                sketch {
                    $0.add("a", trace: UInt64(run), span: 1, [KeyValue("text", .string(text))])
                }
                .revision(of: "run-\(run)", rollout: nil, attempt: nil))
        }
        let full = try await store.archive.reader.byteCount()
        let pruned = try await store.archive.prune(maximumAge: nil, maximumBytes: full / 2)
        #expect((8...12).contains(pruned.runs))
        #expect(try await store.archive.reader.byteCount() <= full / 2)
        #expect(
            try await store.archive.reader.runs(limit: 100).runs.map(\.id)
                == (pruned.runs + 1...20).reversed().map { "run-\($0)" })
        #expect(try await store.archive.prune(maximumAge: nil, maximumBytes: full / 2).runs == 0)
    }

    @Test func aRunThatBecamePartOfAnotherCanBeRemoved() async throws {
        let store = try TemporaryArchive()
        try await store.archive.deliver(sketch { $0.add("a", span: 1) }.revision(of: "a"))
        try await store.archive.deliver(sketch { $0.add("b", span: 2) }.revision(of: "b"))
        try await store.archive.remove(run: "a")
        #expect(try store.shell("SELECT name FROM spans") == ["b"])
        #expect(try store.shell("SELECT id FROM runs") == ["b"])
    }
}
