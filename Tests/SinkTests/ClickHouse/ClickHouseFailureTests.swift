import ClickHouseSink
import Mending
import OTLP
import Sinks
import Synchronization
import Testing

/// What goes wrong, and what the sink makes of it.
@Suite struct ClickHouseFailureTests {
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
}
