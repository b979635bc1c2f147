import ClickHouseSink
import Mending
import OTLP
import Sinks
import Testing

/// The tables that the sink makes, and those that it finds.
@Suite struct ClickHouseTableTests {
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
}
