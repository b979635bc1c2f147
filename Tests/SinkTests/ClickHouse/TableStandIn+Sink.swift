import ClickHouseSink
import Mending
import OTLP
import Sinks

/// A sink before a stand-in for ClickHouse, which is closed afterwards.
func withTable(
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

/// A revision of a run with these spans.
func revision(spans: [UInt64], number: Int = 1) -> Revision {
    var sketch = RunSketch()
    for span in spans { sketch.add("span \(span)", span: span) }
    var revision = sketch.revision()
    revision.number = number
    return revision
}

/// The last digits of the ids of the spans that readers see.
func live(_ table: TableStandIn) -> [String] {
    table.live.map { String($0.text("SpanId").suffix(1)) }.sorted()
}
