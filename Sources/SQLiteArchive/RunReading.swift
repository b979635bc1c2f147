import GRDB
import OTLP

/// Builds the batch of one run again from its rows.
struct RunReading {
    private let db: Database
    private let run: String
    private var batch: TraceBatch
    private var scopes: [Int64: UInt32] = [:]
    private var resources: [Int64: UInt32] = [:]

    init(_ db: Database, run: String, keys: KeyTable) {
        self.db = db
        self.run = run
        batch = TraceBatch(keys: keys)
    }

    mutating func read() throws -> TraceBatch? {
        var known = try RowStatement(db, sql: "SELECT 1 FROM runs WHERE id = ?")
        known.bind(run)
        var isKnown = false
        try known.forEachRow { _ in isKnown = true }
        guard isKnown else { return nil }
        var statement = try RowStatement(
            db,
            sql: """
                SELECT trace_id, span_id, parent_span_id, name, kind, start_unix_nano,
                    end_unix_nano, status_code, status_message, scope, trace_state, flags,
                    dropped_attributes_count, dropped_events_count, dropped_links_count,
                    attributes, events, links, exact
                FROM spans WHERE run = ? ORDER BY sequence, id
                """)
        statement.bind(run)
        try statement.forEachRow { row in try addSpan(row) }
        return batch
    }

    private mutating func addSpan(_ row: borrowing ResultRow) throws {
        let columns = SpanColumns(run: run, span: row.text(1))
        guard batch.bytes.count <= TraceBatch.maximumBytes / 2 else {
            throw ArchiveError.runTooLarge(run: run)
        }
        var span = SpanRecord(scope: try place(scope: row.integer(9), columns))
        guard let traceID = TraceID(hexadecimal: row.text(0)) else {
            throw columns.damaged("trace_id")
        }
        guard let spanID = SpanID(hexadecimal: row.text(1)) else {
            throw columns.damaged("span_id")
        }
        guard let kind = SpanKindText.number(of: row.text(4)) else { throw columns.damaged("kind") }
        span.traceID = traceID
        span.spanID = spanID
        span.parentSpanID = SpanID(hexadecimal: row.text(2)) ?? .invalid
        span.name = batch.append(bytes: row.bytes(3))
        span.kind = kind
        span.startTimeUnixNano = UInt64(bitPattern: row.integer(5))
        span.endTimeUnixNano = UInt64(bitPattern: row.integer(6))
        if let status = row.textOrNil(7) {
            guard let code = StatusCodeText.number(of: status) else {
                throw columns.damaged("status_code")
            }
            span.hasStatus = true
            span.statusCode = code
        }
        span.statusMessage = batch.append(bytes: row.bytes(8))
        span.traceState = batch.append(bytes: row.bytes(10))
        span.flags = UInt32(truncatingIfNeeded: row.integer(11))
        span.droppedAttributesCount = UInt32(truncatingIfNeeded: row.integer(12))
        span.droppedEventsCount = UInt32(truncatingIfNeeded: row.integer(13))
        span.droppedLinksCount = UInt32(truncatingIfNeeded: row.integer(14))
        let exact = ExactSpanAttributes(row.isNull(18) ? nil : row.bytes(18))
        let attributes =
            try exact.attributes
            ?? columns.attributes(of: columns.json(row.bytes(15), "attributes"), "attributes")
        span.attributes = batch.append(keyValues: attributes)
        if !row.isNull(16) {
            span.events = try addEvents(columns.json(row.bytes(16), "events"), exact, columns)
        }
        if !row.isNull(17) {
            span.links = try addLinks(columns.json(row.bytes(17), "links"), exact, columns)
        }
        batch.spans.append(span)
    }

    private mutating func addEvents(
        _ json: JSONValue, _ exact: ExactSpanAttributes, _ columns: SpanColumns
    ) throws -> RecordRange {
        let start = batch.events.count
        for (place, element) in (json.array ?? []).enumerated() {
            guard let time = element["time_unix_nano"]?.int, let name = element["name"]?.string
            else { throw columns.damaged("events") }
            var event = EventRecord()
            event.timeUnixNano = UInt64(bitPattern: time)
            event.name = batch.append(name)
            let attributes =
                try exact.event(place)
                ?? columns.attributes(of: element["attributes"] ?? .null, "events")
            event.attributes = batch.append(keyValues: attributes)
            event.droppedAttributesCount = element.count("dropped_attributes_count")
            batch.events.append(event)
        }
        return RecordRange(start: UInt32(start), count: UInt32(batch.events.count - start))
    }

    private mutating func addLinks(
        _ json: JSONValue, _ exact: ExactSpanAttributes, _ columns: SpanColumns
    ) throws -> RecordRange {
        let start = batch.links.count
        for (place, element) in (json.array ?? []).enumerated() {
            guard let trace = element["trace_id"]?.string,
                let traceID = TraceID(hexadecimal: trace),
                let span = element["span_id"]?.string, let spanID = SpanID(hexadecimal: span)
            else { throw columns.damaged("links") }
            var link = LinkRecord()
            link.traceID = traceID
            link.spanID = spanID
            link.traceState = batch.append(element["trace_state"]?.string ?? "")
            link.flags = element.count("flags")
            let attributes =
                try exact.link(place)
                ?? columns.attributes(of: element["attributes"] ?? .null, "links")
            link.attributes = batch.append(keyValues: attributes)
            link.droppedAttributesCount = element.count("dropped_attributes_count")
            batch.links.append(link)
        }
        return RecordRange(start: UInt32(start), count: UInt32(batch.links.count - start))
    }

    private mutating func place(scope id: Int64, _ columns: SpanColumns) throws -> UInt32 {
        if let known = scopes[id] { return known }
        var statement = try RowStatement(
            db,
            sql: """
                SELECT resource, present, name, version, schema_url, dropped_attributes_count,
                    attributes, exact
                FROM scopes WHERE id = ?
                """)
        statement.bind(id)
        var found: UInt32?
        try statement.forEachRow { row in
            var scope = ScopeRecord(resource: try place(resource: row.integer(0), columns))
            scope.hasScope = row.integer(1) != 0
            scope.name = batch.append(bytes: row.bytes(2))
            scope.version = batch.append(bytes: row.bytes(3))
            scope.schemaURL = batch.append(bytes: row.bytes(4))
            scope.droppedAttributesCount = UInt32(truncatingIfNeeded: row.integer(5))
            scope.attributes = try attributes(row, 6, columns, "scope")
            found = UInt32(batch.scopes.count)
            batch.scopes.append(scope)
        }
        guard let found else { throw columns.damaged("scope") }
        scopes[id] = found
        return found
    }

    private mutating func place(resource id: Int64, _ columns: SpanColumns) throws -> UInt32 {
        if let known = resources[id] { return known }
        var statement = try RowStatement(
            db,
            sql: """
                SELECT present, schema_url, dropped_attributes_count, attributes, exact
                FROM resources WHERE id = ?
                """)
        statement.bind(id)
        var found: UInt32?
        try statement.forEachRow { row in
            var resource = ResourceRecord()
            resource.hasResource = row.integer(0) != 0
            resource.schemaURL = batch.append(bytes: row.bytes(1))
            resource.droppedAttributesCount = UInt32(truncatingIfNeeded: row.integer(2))
            resource.attributes = try attributes(row, 3, columns, "resource")
            found = UInt32(batch.resources.count)
            batch.resources.append(resource)
        }
        guard let found else { throw columns.damaged("resource") }
        resources[id] = found
        return found
    }

    /// The attributes of a JSON column, or of the exact column that follows it.
    private mutating func attributes(
        _ row: borrowing ResultRow, _ column: CInt, _ columns: SpanColumns, _ name: String
    ) throws -> RecordRange {
        let attributes =
            row.isNull(column + 1)
            ? try columns.attributes(of: columns.json(row.bytes(column), name), name)
            : ExactAttributes.decode(row.bytes(column + 1))
        return batch.append(keyValues: attributes)
    }
}

/// The attributes of a span whose JSON does not tell all; all nil where it does.
private struct ExactSpanAttributes {
    var attributes: [KeyValue]?
    private var events: [AnyValue] = []
    private var links: [AnyValue] = []

    init(_ bytes: [UInt8]?) {
        guard let bytes else { return }
        for entry in ExactAttributes.decode(bytes) {
            switch (entry.key, entry.value) {
            case ("attributes", .keyValueList(let list)): attributes = list
            case ("events", .array(let list)): events = list
            case ("links", .array(let list)): links = list
            default: break
            }
        }
    }

    func event(_ place: Int) -> [KeyValue]? { Self.entries(events, place) }
    func link(_ place: Int) -> [KeyValue]? { Self.entries(links, place) }

    private static func entries(_ lists: [AnyValue], _ place: Int) -> [KeyValue]? {
        guard lists.indices.contains(place), case .keyValueList(let list) = lists[place] else {
            return nil
        }
        return list
    }
}

/// Names the span whose columns cannot be read.
private struct SpanColumns {
    var run: String
    var span: String

    func damaged(_ column: String) -> ArchiveError {
        .damagedRow(run: run, span: span, column: column)
    }

    func json(_ bytes: [UInt8], _ column: String) throws -> JSONValue {
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            throw damaged(column)
        }
    }

    func attributes(of json: JSONValue, _ column: String) throws -> [KeyValue] {
        guard let members = json.object else { throw damaged(column) }
        return members.map { KeyValue($0.name, AnyValue($0.value)) }
    }
}

extension JSONValue {
    fileprivate var int: Int64? {
        if case .int(let number) = self { number } else { nil }
    }

    fileprivate func count(_ name: String) -> UInt32 {
        UInt32(truncatingIfNeeded: self[name]?.int ?? 0)
    }
}
