import OTLP
import SQLiteArchive
import Sinks
import Testing

@Suite struct DeliveryTests {
    @Test func theColumnsOfASpanReadAsAPersonWouldWriteThem() async throws {
        let store = try TemporaryArchive()
        var run = RunSketch()
        run.add("plan", span: 1)
        let call = run.add(
            "chat gpt", span: 2, parent: 1,
            [
                KeyValue("gen_ai.operation.name", "chat"),
                KeyValue("gen_ai.request.model", "gpt"), KeyValue("gen_ai.usage.input_tokens", 12),
                KeyValue("gen_ai.usage.output_tokens", 3), KeyValue("temperature", 1.0),
                KeyValue("raw", .bytes([1, 2, 255])), KeyValue("quote", "a \"b\"\n\u{1}é"),
            ])
        run.batch.spans[call].kind = 3
        run.batch.spans[call].hasStatus = true
        run.batch.spans[call].statusCode = 2
        run.batch.spans[call].statusMessage = run.batch.append("rate limit")
        try await store.archive.deliver(run.revision(settled: true, notes: ["two roots"]))

        let rows: [(sql: String, expected: [String])] = [
            (
                "SELECT name, kind, duration_ms FROM spans ORDER BY sequence",
                ["plan|INTERNAL|2.5", "chat gpt|CLIENT|2.5"]
            ),
            (
                "SELECT status_code, status_message FROM spans ORDER BY sequence",
                ["|", "ERROR|rate limit"]
            ),
            (
                "SELECT operation, model, input_tokens, output_tokens FROM spans WHERE sequence = 1",
                ["chat|gpt|12|3"]
            ),
            (
                "SELECT trace_id, span_id, parent_span_id FROM spans WHERE sequence = 1",
                ["000000000000000a0000000000000001|0000000000000002|0000000000000001"]
            ),
            (
                "SELECT service_name, scope_name, scope_version FROM spans WHERE sequence = 0",
                ["planner|openinference|0.1"]
            ),
            (
                "SELECT typeof(json_extract(attributes, '$.temperature')) FROM spans WHERE sequence = 1",
                ["real"]
            ),
            ("SELECT json_extract(attributes, '$.raw') FROM spans WHERE sequence = 1", ["AQL/"]),
            (
                "SELECT json_extract(attributes, '$.quote') FROM spans WHERE sequence = 1",
                ["a \"b\"\n\u{1}é"]
            ),
            (
                "SELECT json_extract(resource, '$.\"process.pid\"') FROM spans_with_resource LIMIT 1",
                ["42"]
            ),
            (
                "SELECT id, rollout_id, attempt_id, revision, settled, spans, trace_ids, notes FROM runs",
                ["ro-1/at-1|ro-1|at-1|1|1|2|[\"000000000000000a0000000000000001\"]|[\"two roots\"]"]
            ),
            (
                "SELECT started_unix_nano, ended_unix_nano - started_unix_nano FROM runs",
                ["1700000000000000000|3500000"]
            ),
        ]
        for row in rows {
            #expect(try store.shell(row.sql) == row.expected, "\(row.sql)")
        }
    }

    @Test func aSecondRevisionTakesAwayThePlaceholderAndKeepsTheRest() async throws {
        let store = try TemporaryArchive()
        var first = RunSketch()
        first.add("lost parent", span: 9, isPlaceholder: true)
        first.add("child", span: 2, parent: 9)
        try await store.archive.deliver(first.revision(1))
        #expect(try store.shell("SELECT name FROM spans WHERE placeholder") == ["lost parent"])
        let child = try store.shell("SELECT id FROM spans WHERE name = 'child'")

        var second = RunSketch()
        second.add("parent", span: 1)
        second.add("child", span: 2, parent: 1)
        try await store.archive.deliver(second.revision(2, settled: true))
        #expect(
            try store.shell("SELECT name, parent_span_id FROM spans ORDER BY sequence")
                == ["parent|", "child|0000000000000001"])
        #expect(try store.shell("SELECT id FROM spans WHERE name = 'child'") == child)
        #expect(try store.shell("SELECT revision, settled, spans FROM runs") == ["2|1|2"])
    }

    @Test func theSameRevisionTwiceChangesNothing() async throws {
        let store = try TemporaryArchive()
        let run = sketch {
            $0.add("a", span: 1)
            $0.add("b", span: 2, parent: 1)
        }
        try await store.archive.deliver(run.revision())
        let all = "SELECT * FROM spans ORDER BY id"
        let (spans, runs) = (try store.shell(all), try store.shell("SELECT * FROM runs"))
        store.time.advance(seconds: 5)
        try await store.archive.deliver(run.revision())
        #expect(try store.shell(all) == spans)
        #expect(try store.shell("SELECT * FROM runs") == runs)
    }

    @Test func onlyTheRowThatChangedIsWritten() async throws {
        let store = try TemporaryArchive()
        var run = RunSketch()
        for span in 1...3 { run.add("span \(span)", span: UInt64(span)) }
        try await store.archive.deliver(run.revision(1))
        let before = try store.shell("SELECT name, hash FROM spans ORDER BY sequence")
        run.batch.setSpanAttribute("late", true, at: 1)
        try await store.archive.deliver(run.revision(2))
        let after = try store.shell("SELECT name, hash FROM spans ORDER BY sequence")
        #expect(zip(before, after).map { $0.0 == $0.1 } == [true, false, true])
        #expect(
            try store.shell("SELECT attributes FROM spans ORDER BY sequence")
                == ["{}", "{\"late\":true}", "{}"])
    }

    @Test func aSpanBelongsToTheRunThatWroteItLast() async throws {
        let store = try TemporaryArchive()
        let archive = store.archive
        let owners = "SELECT name, run FROM spans ORDER BY name"
        let counts = "SELECT id, spans FROM runs ORDER BY id"
        let a = sketch {
            $0.add("one", span: 1)
            $0.add("two", span: 2)
        }
        let b = sketch { $0.add("three", span: 3) }
        try await archive.deliver(a.revision(1, of: "a"))
        try await archive.deliver(b.revision(1, of: "b"))

        // "two" moves from a to b; b is delivered first.
        let grown = sketch {
            $0.add("three", span: 3)
            $0.add("two", span: 2)
        }
        let shrunk = sketch { $0.add("one", span: 1) }
        try await archive.deliver(grown.revision(2, of: "b"))
        #expect(try store.shell(owners) == ["one|a", "three|b", "two|b"])
        #expect(try store.shell(counts) == ["a|1", "b|2"])
        try await archive.deliver(shrunk.revision(2, of: "a"))
        #expect(try store.shell(owners) == ["one|a", "three|b", "two|b"])
        #expect(try store.shell(counts) == ["a|1", "b|2"])

        // A run that has lost all of its spans is no more.
        let all = sketch {
            $0.add("one", span: 1)
            $0.add("two", span: 2)
            $0.add("three", span: 3)
        }
        try await archive.deliver(all.revision(3, of: "b"))
        #expect(try store.shell(counts) == ["b|3"])
        #expect(try await archive.reader.spanCount() == 3)
    }

    @Test func equalResourcesAndScopesStandOnceForAllRuns() async throws {
        let store = try TemporaryArchive()
        for run in 1...4 {
            var sketch = RunSketch(service: run == 4 ? "other" : "planner")
            sketch.add("span", trace: UInt64(run), span: 1)
            try await store.archive.deliver(
                sketch.revision(of: "run-\(run)", rollout: nil, attempt: nil))
        }
        #expect(try store.shell("SELECT COUNT(*) FROM resources") == ["2"])
        #expect(try store.shell("SELECT COUNT(*) FROM scopes") == ["2"])
    }

    @Test(arguments: [(SQLiteArchive.Durability.power, 2), (.process, 1)])
    func eitherDurabilityOpensAndKeepsARun(
        durability: SQLiteArchive.Durability, synchronous: Int
    ) async throws {
        let store = try TemporaryArchive(durability: durability)
        try await store.archive.deliver(sketch { $0.add("a", span: 1) }.revision())
        #expect(try store.shell("PRAGMA journal_mode") == ["wal"])
        try await store.archive.close()
        let again = try SQLiteArchive(.init(directory: store.directory, durability: durability))
        #expect(try await again.reader.spanCount() == 1)
        try await again.close()
    }
}
