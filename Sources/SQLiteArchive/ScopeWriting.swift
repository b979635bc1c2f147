import GRDB
import OTLP
import Sinks

/// Finds or writes the rows of the scopes and resources of one batch.
struct ScopeWriting {
    struct Row {
        var id: Int64
        var serviceName: String?
    }

    private let db: Database
    private var scopes: [Int: Row] = [:]
    private var resources: [Int: Int64] = [:]

    init(_ db: Database) throws {
        self.db = db
    }

    /// The row of a scope within its resource.
    mutating func row(ofScope index: Int, in batch: borrowing TraceBatch) throws -> Row {
        if let known = scopes[index] { return known }
        let scope = batch.scopes[index]
        let resource = try row(ofResource: Int(scope.resource), in: batch)
        var hash = ContentHash()
        hash.add(scope, of: batch)
        hash.add(UInt64(bitPattern: resource))
        var json = JSONText()
        json.writeObject(scope.attributes, of: batch)
        let exact = json.isExact ? nil : ExactAttributes.bytes(of: scope.attributes, in: batch)
        let id = try findOrInsert(
            table: "scopes",
            columns: [
                "hash", "resource", "present", "name", "version", "schema_url",
                "dropped_attributes_count", "attributes", "exact",
            ]
        ) { statement in
            statement.bind(hash.value)
            statement.bind(resource)
            statement.bind(scope.hasScope)
            statement.bind(text: batch.bytes(scope.name))
            statement.bind(text: batch.bytes(scope.version))
            statement.bind(text: batch.bytes(scope.schemaURL))
            statement.bind(Int64(scope.droppedAttributesCount))
            statement.bind(text: json.bytes[...])
            statement.bind(blob: exact)
        }
        let attributes = batch.resources[Int(scope.resource)].attributes
        let row = Row(
            id: id, serviceName: batch.value("service.name", in: attributes)?.stringValue)
        scopes[index] = row
        return row
    }

    private mutating func row(
        ofResource index: Int, in batch: borrowing TraceBatch
    ) throws -> Int64 {
        if let known = resources[index] { return known }
        let resource = batch.resources[index]
        var hash = ContentHash()
        hash.add(resource, of: batch)
        var json = JSONText()
        json.writeObject(resource.attributes, of: batch)
        let exact = json.isExact ? nil : ExactAttributes.bytes(of: resource.attributes, in: batch)
        let id = try findOrInsert(
            table: "resources",
            columns: [
                "hash", "present", "schema_url", "dropped_attributes_count", "attributes", "exact",
            ]
        ) { statement in
            statement.bind(hash.value)
            statement.bind(resource.hasResource)
            statement.bind(text: batch.bytes(resource.schemaURL))
            statement.bind(Int64(resource.droppedAttributesCount))
            statement.bind(text: json.bytes[...])
            statement.bind(blob: exact)
        }
        resources[index] = id
        return id
    }

    /// The hash finds the row, and all columns decide: two different resources never share one.
    private func findOrInsert(
        table: String, columns: [String], bind: (inout RowStatement) -> Void
    ) throws -> Int64 {
        let same = columns.map { "\($0) IS ?" }.joined(separator: " AND ")
        var search = try RowStatement(db, sql: "SELECT id FROM \(table) WHERE \(same)")
        bind(&search)
        var found: Int64?
        try search.forEachRow { row in found = row.integer(0) }
        if let found { return found }
        let names = columns.joined(separator: ", ")
        let marks = columns.map { _ in "?" }.joined(separator: ", ")
        var insertion = try RowStatement(
            db, sql: "INSERT INTO \(table) (\(names)) VALUES (\(marks))")
        bind(&insertion)
        try insertion.run()
        return db.lastInsertedRowID
    }
}
