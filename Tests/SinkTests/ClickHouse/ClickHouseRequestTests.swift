import ClickHouseSink
import Foundation
import Mending
import NIOHTTP1
import OTLP
import Sinks
import Testing

/// How rows are sent.
@Suite struct ClickHouseRequestTests {
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
}
