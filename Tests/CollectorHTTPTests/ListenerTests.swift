import Collector
import CollectorHTTP
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import ServiceLifecycle
import Testing

@Suite struct ListenerTests {
    @Test(
        arguments: [
            ("127.0.0.1", nil, 200), ("127.0.0.1:4320", nil, 200), ("LocalHost:1", nil, 200),
            ("[::1]", nil, 200), ("[::1]:4320", nil, 200), ("evil.example", nil, 403),
            ("evil.example:4320", nil, 403), ("127.0.0.1.evil.example", nil, 403),
            ("127.0.0.1:4320.evil", nil, 403), ("evil.example", "open sesame", 200),
        ] as [(String, String?, Int)])
    func withoutATokenOnlyLoopbackNamesAreAnswered(
        host: String, token: String?, status: Int
    ) async throws {
        let collector = try TestCollector()
        let app = Application(
            responder: APIResponder(pipeline: collector.pipeline, token: token.map { Secret($0) }))
        try await app.test(.ahc(.http)) { client in
            var headers = HTTPFields()
            headers[try #require(HTTPField.Name("Host"))] = host
            headers[.authorization] = token.map { "Bearer \($0)" }
            let answer = try await client.executeRequest(
                uri: "/api/runs", method: .get, headers: headers, body: nil)
            #expect(Int(answer.status.code) == status, "\(String(buffer: answer.body))")
        }
        try await collector.pipeline.finish()
    }

    @Test func aTakenPortIsToldWithItsAddress() async throws {
        let collector = try TestCollector()
        let pipeline = collector.pipeline
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let quiet = logger
        let (ports, bound) = AsyncStream.makeStream(of: Int.self)
        var configuration = collector.configuration
        configuration.port = 0
        let first = IngestListener(pipeline, configuration, logger: quiet) { bound.yield($0) }
        let group = ServiceGroup(services: [first], logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            let second = Listener.api(
                pipeline, host: "127.0.0.1", port: port, token: nil, logger: quiet
            ) { _ in }
            let error = await #expect(throws: ListenerError.self) { try await second.run() }
            #expect(
                error?.description
                    == "the API listener cannot listen on 127.0.0.1:\(port): Address already in use"
            )
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        try await pipeline.finish()
    }
}
