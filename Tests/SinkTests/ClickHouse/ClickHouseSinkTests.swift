import ClickHouseSink
import Foundation
import Mending
import NIOHTTP1
import OTLP
import Sinks
import Synchronization
import Testing

@Suite struct ClickHouseSinkTests {
    // MARK: The tables

    @Test func whatMissesIsCreatedOnce() async throws {
        try await withTable(database: "otel") { table, _, sink in
            try await sink.deliver(revision(spans: [1]))
            try await sink.deliver(revision(spans: [2]))
            #expect(
                table.tables == ["otel_traces", "otel_traces_rows", "otel_traces_trace_id_ts"])
            #expect(table.statements.count { $0.hasPrefix("CREATE") } == 4)
            #expect(
                table.statements.first { $0.hasPrefix("CREATE") }
                    == "CREATE DATABASE IF NOT EXISTS `otel`")
        }
    }

    @Test func onAClusterEveryServerGetsTheTables() async throws {
        try await withTable(database: "otel", cluster: "main") { table, _, sink in
            try await sink.deliver(revision(spans: [1]))
            let created = table.statements.filter { $0.hasPrefix("CREATE") }
            #expect(created.count == 4)
            #expect(created.allSatisfy { $0.contains(" ON CLUSTER `main`") })
            #expect(
                created[1].contains("ENGINE = ReplicatedReplacingMergeTree(Version, IsDeleted)"))
        }
    }

    @Test func aTableThatWasDroppedIsCreatedAgain() async throws {
        try await withTable { table, _, sink in
            try await sink.deliver(revision(spans: [1]))
            table.drop("otel_traces_rows")
            #expect(await sink.failure(of: revision(spans: [1, 2])) == .misconfigured)
            try await sink.deliver(revision(spans: [1, 2]))
            #expect(table.live.count == 2)
        }
    }

    @Test func anothersTableIsNotWrittenTo() async throws {
        try await withTable { table, _, sink in
            table.create("otel_traces", columns: exportedColumns)
            let error = await sink.error(of: revision(spans: [1]))
            guard case .misconfigured(let reason)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(reason.hasPrefix("default.otel_traces has no column RunId"), "\(reason)")
            #expect(table.inserted.isEmpty)
        }
    }

    @Test func aColumnOfAnotherTypeIsTold() async throws {
        try await withTable { table, _, sink in
            table.create(
                "otel_traces_rows",
                columns: rowColumns.map { $0.name == "Sequence" ? ($0.name, "Int64") : $0 })
            let error = await sink.error(of: revision(spans: [1]))
            guard case .misconfigured(let reason)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(
                reason == "default.otel_traces_rows: Sequence is Int64, expected UInt32")
        }
    }

    @Test func whoMakesTheSchemaHimselfNeedsTheRowsAlone() async throws {
        try await withTable(createsSchema: false) { table, _, sink in
            #expect(await sink.failure(of: revision(spans: [1])) == .misconfigured)
            table.create("otel_traces_rows", columns: rowColumns)
            try await sink.deliver(revision(spans: [1]))
            #expect(table.live.count == 1)
            #expect(table.tables == ["otel_traces_rows"])
        }
    }

    // MARK: Rows that replace each other

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

    // MARK: Requests

    @Test(arguments: [(1_000, 16 << 20, 3), (10, 16 << 20, 250), (10_000, 100_000, 7)])
    func aLargeRunComesInBlocks(rows: Int, bytes: Int, blocks: Int) async throws {
        try await withTable(rows: rows, bytes: bytes) { table, server, sink in
            try await sink.deliver(revision(spans: Array(1...2_500)))
            let inserts = server.requests.count { $0.path.contains("INSERT") }
            #expect((blocks...blocks + 3).contains(inserts), "\(inserts)")
            #expect(Set(table.live.map { $0.text("SpanId") }).count == 2_500)
        }
    }

    @Test func anInsertWaitsUntilItIsWritten() async throws {
        try await withTable(query: "?insert_quorum=auto&async_insert=0") { _, server, sink in
            try await sink.deliver(revision(spans: [1]))
            let insert = try #require(server.requests.last)
            let items = URLComponents(string: insert.path)?.queryItems ?? []
            let settings = Dictionary(uniqueKeysWithValues: items.map { ($0.name, $0.value ?? "") })
            #expect(settings["wait_for_async_insert"] == "1")
            #expect(settings["insert_quorum"] == "auto")
            #expect(settings["async_insert"] == "0", "the endpoint's own settings win")
            #expect(insert.method == "POST")
            #expect(insert.headers["content-encoding"] == ["gzip"])
            #expect(insert.headers["x-clickhouse-user"] == ["writer"])
            #expect(insert.headers["x-clickhouse-key"] == ["se+cret"])
            #expect(!insert.path.contains("cret"))
        }
    }

    @Test func whatIsNotSettledIsLeftOutUnlessWanted() async throws {
        for wanted in [true, false] {
            let sink = try ClickHouseSink(
                .init(endpoint: "http://localhost:8123", takesSettledOnly: wanted))
            #expect(sink.takesSettledOnly == wanted)
            #expect(sink.mode == .replacing)
            try await sink.close()
        }
    }

    @Test(arguments: ["", "localhost:8123", "tcp://localhost:9000", "http://"])
    func anEndpointThatIsNoURLIsRefused(endpoint: String) {
        #expect(throws: PeerClient.EndpointError.self) {
            try ClickHouseSink(.init(endpoint: endpoint))
        }
    }

    // MARK: What goes wrong

    @Test(
        arguments: [
            (516, 403, "default: Authentication failed", Failure.misconfigured),
            (497, 403, "not enough privileges", .misconfigured),
            (81, 404, "Database otel does not exist", .misconfigured),
            (60, 404, "Table otel.otel_traces_rows does not exist", .misconfigured),
            (16, 404, "No such column RunId", .misconfigured),
            (115, 404, "Unknown setting", .misconfigured),
            (164, 500, "Cannot execute query in readonly mode", .misconfigured),
            (243, 500, "Cannot reserve 1.00 MiB, not enough space", .retryable(after: nil)),
            (252, 500, "Too many parts (300)", .retryable(after: nil)),
            (159, 500, "Timeout exceeded", .retryable(after: nil)),
            (209, 500, "Timeout: connect timed out", .retryable(after: nil)),
            (241, 500, "Memory limit (total) exceeded", .retryable(after: nil)),
            (242, 500, "Table is in readonly mode", .retryable(after: nil)),
            (202, 500, "Too many simultaneous queries", .retryable(after: nil)),
            (285, 500, "Number of alive replicas is less than quorum", .retryable(after: nil)),
            (319, 500, "Unknown status of insert", .retryable(after: nil)),
            (999, 500, "Session expired", .retryable(after: nil)),
            (99_999, 500, "Something new", .retryable(after: nil)),
            (
                279, 500, "All tries failed. Code: 516. DB::Exception: of another",
                .retryable(after: nil)
            ),
            (117, 400, "Incorrect data", .permanent),
            (33, 500, "Cannot read all data", .permanent),
            (131, 400, "Too large string size", .permanent),
        ])
    func exceptionsAreToldApart(
        code: Int, status: Int, text: String, expected: Failure
    ) async throws {
        let body = Array("Code: \(code). DB::Exception: \(text). (NAME) (version 26.9)\n".utf8)
        try await failing([.answer(status, body: body)], expected, told: text)
        // The code may stand in the header alone.
        let header = [("x-clickhouse-exception-code", "\(code)")]
        try await failing(
            [.answer(status, headers: header, body: Array(text.utf8))], expected, told: text)
        // And the exception may come when 200 has been said.
        let late =
            Array("__exception__\r\nabcd\r\n".utf8) + body
            + Array("60 abcd\r\n__exception__\r\n".utf8)
        try await failing([.answer(200, body: late)], expected, told: text)
    }

    @Test(
        arguments: [
            (401, Failure.misconfigured), (404, .misconfigured), (302, .misconfigured),
            (400, .misconfigured), (413, .permanent), (408, .retryable(after: nil)),
            (429, .retryable(after: .seconds(9))), (500, .retryable(after: nil)),
            (502, .retryable(after: nil)), (503, .retryable(after: .seconds(9))),
        ])
    func whatAProxySaysIsToldApart(status: Int, expected: Failure) async throws {
        let headers = expected == .retryable(after: .seconds(9)) ? [("retry-after", "9")] : []
        try await failing(
            [.answer(status, headers: headers, body: Array("<html>no".utf8))], expected,
            told: "HTTP \(status): <html>no")
    }

    @Test func anAnswerThatIsNoneOfClickHouseIsNoSuccess() async throws {
        let page = ScriptedServer.Step.answer(200, body: Array("<html>It works!</html>\n".utf8))
        try await failing([page], .retryable(after: nil), told: "It works")
        let empty = ScriptedServer.Step.answer(200)
        try await ScriptedServer.run(
            answering: { request in
                request.path.contains("INSERT") ? page : empty
            }
        ) { server in
            let sink = try ClickHouseSink(.init(endpoint: server.url))
            // Tables that stay away after they were created.
            #expect(await sink.failure(of: revision(spans: [1])) == .misconfigured)
            try await sink.close()
        }
    }

    @Test func aServerThatIsNotThereOrSilentIsTriedAgain() async throws {
        let away = try ClickHouseSink(
            .init(endpoint: "http://127.0.0.1:\(try await closedPort())"))
        #expect(await away.failure(of: revision(spans: [1])) == .retryable(after: nil))
        try await away.close()
        for step in [ScriptedServer.Step.silence, .hangUp] {
            try await failing([step], .retryable(after: nil), told: "", timeout: .milliseconds(200))
        }
    }

    @Test func anInsertThatFailsInTheMiddleIsMadeWholeByTheNextTry() async throws {
        let table = TableStandIn()
        let inserts = Mutex(0)
        try await ScriptedServer.run(answering: { request in
            let isThird = inserts.withLock { count in
                count += request.path.contains("INSERT") ? 1 : 0
                return count == 3 && request.path.contains("INSERT")
            }
            return isThird
                ? .answer(500, body: Array("Code: 252. DB::Exception: Too many parts".utf8))
                : table.answer(request)
        }) { server in
            let sink = try ClickHouseSink(.init(endpoint: server.url, maximumRows: 10))
            let revision = revision(spans: Array(1...50))
            #expect(await sink.failure(of: revision) == .retryable(after: nil))
            #expect(table.live.count == 20)
            #expect(await sink.failure(of: revision) == nil)
            #expect(table.inserted.count == 50, "what was there is not sent again")
            #expect(table.live.count == 50)
            try await sink.close()
        }
    }

    /// A delivery to a server that answers its first request so.
    private func failing(
        _ script: [ScriptedServer.Step], _ expected: Failure, told: String,
        timeout: Duration = .seconds(10)
    ) async throws {
        try await ScriptedServer.run(script) { server in
            let sink = try ClickHouseSink(.init(endpoint: server.url, timeout: timeout))
            let error = await sink.error(of: revision(spans: [1]))
            switch error {
            case .retryable(let reason, let after)?:
                #expect(expected == .retryable(after: after))
                #expect(reason.contains(told) || told.isEmpty)
            case .misconfigured(let reason)?:
                #expect(expected == .misconfigured)
                #expect(reason.contains(told))
            case .permanent(let reason)?:
                #expect(expected == .permanent)
                #expect(reason.contains(told))
            case nil: Issue.record("no failure, expected \(expected)")
            }
            try await sink.close()
        }
    }

    private func withTable(
        database: String = "default", cluster: String? = nil, createsSchema: Bool = true,
        query: String = "",
        rows: Int = 10_000, bytes: Int = 16 << 20,
        now: @escaping @Sendable () -> UInt64 = ClickHouseSink.systemTime,
        _ body: (TableStandIn, ScriptedServer, ClickHouseSink) async throws -> Void
    ) async throws {
        let table = TableStandIn()
        try await ScriptedServer.run(answering: { table.answer($0) }) { server in
            let sink = try ClickHouseSink(
                .init(
                    endpoint: server.url + query, database: database, cluster: cluster,
                    createsSchema: createsSchema, user: "writer", password: "se+cret",
                    maximumRequestBytes: bytes, maximumRows: rows, now: now))
            do {
                try await body(table, server, sink)
            } catch {
                try await sink.close()
                throw error
            }
            try await sink.close()
        }
    }

    private func revision(spans: [UInt64], number: Int = 1) -> Revision {
        var sketch = RunSketch()
        for span in spans { sketch.add("span \(span)", span: span) }
        var revision = sketch.revision()
        revision.number = number
        return revision
    }

    /// The last digits of the ids of the spans that readers see.
    private func live(_ table: TableStandIn) -> [String] {
        table.live.map { String($0.text("SpanId").suffix(1)) }.sorted()
    }
}
