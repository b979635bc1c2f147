import GRDB
import Mending
import OTLP

/// Writes spans of one batch as rows, and the scopes and resources that they need.
struct SpanWriting {
    private let run: String
    private let batch: TraceBatch
    private var statement: RowStatement
    private var scopes: ScopeWriting
    private var json = JSONText()

    init(_ db: Database, run: String, batch: TraceBatch) throws {
        self.run = run
        self.batch = batch
        statement = try RowStatement(db, sql: Self.upsert)
        scopes = try ScopeWriting(db)
    }

    mutating func write(_ span: SpanRecord, _ mended: MendedSpan, hash: Int64) throws {
        let scope = try scopes.row(ofScope: Int(span.scope), in: batch)
        statement.bind(run)
        statement.bind(Int64(mended.sequence))
        statement.bind(hash)
        statement.bind(mended.reported.traceID.description)
        statement.bind(mended.reported.spanID.description)
        statement.bind(span.traceID.description)
        statement.bind(span.spanID.description)
        statement.bind(span.parentSpanID.isValid ? span.parentSpanID.description : nil)
        statement.bind(text: batch.bytes(span.name))
        statement.bind(SpanKindText.text(of: span.kind))
        statement.bind(Int64(bitPattern: span.startTimeUnixNano))
        statement.bind(Int64(bitPattern: span.endTimeUnixNano))
        statement.bind(span.hasStatus ? StatusCodeText.text(of: span.statusCode) : nil)
        bind(span.statusMessage)
        statement.bind(mended.isPlaceholder)
        statement.bind(mended.duplicateOf?.description)
        statement.bind(scope.id)
        statement.bind(scope.serviceName)
        statement.bind(text: batch.bytes(batch.scopes[Int(span.scope)].name))
        statement.bind(text: batch.bytes(batch.scopes[Int(span.scope)].version))
        bind(span.traceState)
        statement.bind(Int64(span.flags))
        statement.bind(Int64(span.droppedAttributesCount))
        statement.bind(Int64(span.droppedEventsCount))
        statement.bind(Int64(span.droppedLinksCount))
        bindAttributes(of: span)
        try statement.run()
    }

    private mutating func bind(_ slice: Slice) {
        if slice.isEmpty { statement.bindNull() } else { statement.bind(text: batch.bytes(slice)) }
    }

    private mutating func bindAttributes(of span: SpanRecord) {
        json.removeAll()
        json.writeObject(span.attributes, of: batch)
        let eventsStart = json.bytes.count
        if !span.events.isEmpty { json.writeEvents(span, of: batch) }
        let linksStart = json.bytes.count
        if !span.links.isEmpty { json.writeLinks(span, of: batch) }
        statement.bind(text: json.bytes[..<eventsStart])
        if span.events.isEmpty {
            statement.bindNull()
        } else {
            statement.bind(text: json.bytes[eventsStart..<linksStart])
        }
        if span.links.isEmpty {
            statement.bindNull()
        } else {
            statement.bind(text: json.bytes[linksStart...])
        }
        statement.bind(blob: json.isExact ? nil : ExactAttributes.bytes(ofSpan: span, in: batch))
    }

    private static let columns = [
        "run", "sequence", "hash", "reported_trace_id", "reported_span_id", "trace_id", "span_id",
        "parent_span_id", "name", "kind", "start_unix_nano", "end_unix_nano", "status_code",
        "status_message", "placeholder", "duplicate_of", "scope", "service_name", "scope_name",
        "scope_version", "trace_state", "flags", "dropped_attributes_count",
        "dropped_events_count", "dropped_links_count", "attributes", "events", "links", "exact",
    ]

    private static let upsert: String = {
        let marks = columns.map { _ in "?" }.joined(separator: ", ")
        let changes = columns.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
        return """
            INSERT INTO spans (\(columns.joined(separator: ", "))) VALUES (\(marks))
            ON CONFLICT (reported_trace_id, reported_span_id) DO UPDATE SET \(changes)
            """
    }()
}
