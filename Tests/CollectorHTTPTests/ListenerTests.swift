import CollectorHTTP
import Logging
import ServiceLifecycle
import Testing

@Suite struct ListenerTests {
    @Test func aTakenPortIsToldWithItsAddress() async throws {
        let collector = try TestCollector()
        let pipeline = collector.pipeline
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let quiet = logger
        let (ports, bound) = AsyncStream.makeStream(of: Int.self)
        let first = Listener.ingest(pipeline, host: "127.0.0.1", port: 0, logger: quiet) {
            bound.yield($0)
        }
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
                    == "the API listener cannot listen on 127.0.0.1:\(port): Address already in use")
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        try await pipeline.finish()
    }
}
