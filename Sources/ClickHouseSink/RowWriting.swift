import Mending
import OTLP
import Sinks

/// Makes rows of the spans of one revision, in the order of `Column.all`.
struct RowWriting {
    private let revision: Revision
    private let batch: TraceBatch
    private let version: UInt64
    private var resources: [Int: (service: ArraySlice<UInt8>, attributes: [UInt8])] = [:]
    private(set) var rows = RowBinary()
    /// Rows since `removeAll()`.
    private(set) var count = 0

    init(_ revision: Revision, version: UInt64) {
        self.revision = revision
        batch = revision.run.batch
        self.version = version
    }

    mutating func removeAll() {
        rows.removeAll()
        count = 0
    }

    /// Adds the row of a span unless ClickHouse has it as it is.
    /// - Parameter storedHash: of the row that ClickHouse has; nil where it has none.
    mutating func add(_ span: SpanRecord, _ mended: MendedSpan, storedHash: Int64?) {
        let start = rows.bytes.count
        writeExported(span)
        writeMended(mended, rule: mended.repair)
        var hash = ContentHash()
        hash.add(rows.bytes[start...])
        guard hash.value != storedHash else { return rows.cut(to: start) }
        rows.write(UInt64(clamping: revision.number))
        rows.write(hash.value)
        rows.write(version)
        rows.write(UInt8(0))
        count += 1
    }

    private mutating func writeExported(_ span: SpanRecord) {
        let scope = batch.scope(of: span)
        let resource = resource(Int(scope.resource))
        rows.write(time: span.startTimeUnixNano)
        rows.write(span.traceID)
        rows.write(span.spanID)
        rows.write(span.parentSpanID)
        rows.write(batch.bytes(span.traceState))
        rows.write(batch.bytes(span.name))
        rows.write(Self.name(of: span.kind, among: Self.kinds))
        rows.write(resource.service)
        rows.write(raw: resource.attributes)
        rows.write(batch.bytes(scope.name))
        rows.write(batch.bytes(scope.version))
        rows.write(span.attributes, of: batch)
        rows.write(
            span.endTimeUnixNano > span.startTimeUnixNano
                ? span.endTimeUnixNano - span.startTimeUnixNano : 0)
        rows.write(Self.name(of: span.statusCode, among: Self.statusCodes))
        rows.write(batch.bytes(span.statusMessage))
        writeEvents(of: span)
        writeLinks(of: span)
    }

    private mutating func writeEvents(of span: SpanRecord) {
        let events = batch.events[span.events.indices]
        rows.write(count: events.count)
        for event in events { rows.write(time: event.timeUnixNano) }
        rows.write(count: events.count)
        for event in events { rows.write(batch.bytes(event.name)) }
        rows.write(count: events.count)
        for event in events { rows.write(event.attributes, of: batch) }
    }

    private mutating func writeLinks(of span: SpanRecord) {
        let links = batch.links[span.links.indices]
        rows.write(count: links.count)
        for link in links { rows.write(link.traceID) }
        rows.write(count: links.count)
        for link in links { rows.write(link.spanID) }
        rows.write(count: links.count)
        for link in links { rows.write(batch.bytes(link.traceState)) }
        rows.write(count: links.count)
        for link in links { rows.write(link.attributes, of: batch) }
    }

    private mutating func writeMended(_ mended: MendedSpan, rule: MendedSpan.Repair?) {
        rows.write(revision.runID)
        rows.write(revision.rolloutID ?? "")
        rows.write(revision.attemptID ?? "")
        rows.write(UInt32(clamping: mended.sequence))
        rows.write(mended.reported.traceID)
        rows.write(mended.reported.spanID)
        rows.write(mended.reportedParentSpanID)
        rows.write(rule?.rule ?? "")
        rows.write(rule?.confidence ?? 1)
        rows.write(mended.duplicateOf ?? .invalid)
        rows.write(mended.isPlaceholder)
    }

    /// Spans of one resource share its bytes.
    private mutating func resource(
        _ index: Int
    ) -> (service: ArraySlice<UInt8>, attributes: [UInt8]) {
        if let known = resources[index] { return known }
        let range = batch.resources[index].attributes
        var map = RowBinary()
        map.write(range, of: batch)
        var service = ArraySlice<UInt8>()
        if case .string(let slice)? = batch.attribute("service.name", in: range)?.value {
            service = batch.bytes(slice)
        }
        resources[index] = (service, map.bytes)
        return (service, map.bytes)
    }

    private static let kinds = [
        "Unspecified", "Internal", "Server", "Client", "Producer", "Consumer",
    ]
    private static let statusCodes = ["Unset", "Ok", "Error"]

    /// The exporter's words; numbers that OTLP does not name stand as digits.
    private static func name(of number: Int32, among names: [String]) -> String {
        names.indices.contains(Int(number)) ? names[Int(number)] : number.description
    }
}
