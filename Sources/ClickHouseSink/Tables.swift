import Sinks
import Synchronization

/// Creates the tables where they are missing, and checks that they are what rows are written for.
final class Tables: Sendable {
    private let schema: Schema
    private let createsSchema: Bool
    private let client: ServerClient
    private let isReady = Mutex(false)

    init(_ schema: Schema, createsSchema: Bool, client: ServerClient) {
        self.schema = schema
        self.createsSchema = createsSchema
        self.client = client
    }

    /// Looks once; again only after `forget()`. Needs no right to create where all is there.
    func prepare() async throws(SinkError) {
        if isReady.withLock({ $0 }) { return }
        var found = try await columns()
        if createsSchema, try await create(whatMissesIn: found) { found = try await columns() }
        try check(schema.rowsTable, in: found, has: Column.all)
        if createsSchema { try check(schema.table, in: found, has: Column.shown) }
        isReady.withLock { $0 = true }
    }

    /// What was found may be no more.
    func forget() { isReady.withLock { $0 = false } }

    /// The types of the columns of those tables and views that are there.
    private func columns() async throws(SinkError) -> [String: [String: String]] {
        let answer = String(decoding: try await client.run(schema.listColumns), as: UTF8.self)
        var found: [String: [String: String]] = [:]
        for line in answer.split(separator: "\n") {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard fields.count == 3 else {
                throw .retryable(
                    reason: "the list of columns has a line \(line.debugDescription)", after: nil)
            }
            found[String(fields[0]), default: [:]][String(fields[1])] = String(fields[2])
        }
        return found
    }

    private func create(
        whatMissesIn found: [String: [String: String]]
    ) async throws(SinkError) -> Bool {
        let statements = [
            (schema.rowsTable, schema.createRows), (schema.table, schema.createView),
            (schema.timesView, schema.createTimesView),
        ].filter { found[$0.0] == nil }.map(\.1)
        guard !statements.isEmpty else { return false }
        if found.isEmpty, schema.database != "default" {
            _ = try await client.run(schema.createDatabase)
        }
        for statement in statements { _ = try await client.run(statement) }
        return true
    }

    private func check(
        _ table: String, in found: [String: [String: String]], has columns: [Column]
    ) throws(SinkError) {
        let name = "\(schema.database).\(table)"
        guard let types = found[table] else {
            throw .misconfigured(reason: "\(name) is not there, or may not be read")
        }
        for column in columns {
            guard let type = types[column.name] else {
                throw .misconfigured(
                    reason: """
                        \(name) has no column \(column.name): it was not made by this sink, or by \
                        an older one; another `table` makes new ones
                        """)
            }
            guard type == column.type else {
                throw .misconfigured(
                    reason: "\(name): \(column.name) is \(type), expected \(column.type)")
            }
        }
    }
}
