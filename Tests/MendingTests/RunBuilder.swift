import Mending
import OTLP
import SemanticConventions
import Testing

/// Builds batches by hand.
struct RunBuilder {
    var batch: TraceBatch
    private var scopes: [String: UInt32] = [:]

    init(keys: KeyTable = .none) {
        batch = TraceBatch(keys: keys)
    }

    static func trace(_ number: UInt64) -> TraceID { TraceID(high: 0xA, low: number) }

    @discardableResult
    mutating func span(
        _ id: UInt64, below parent: UInt64 = 0, trace: UInt64 = 1, from start: UInt64,
        to end: UInt64, name: String = "work", process: String = "main", scope: String = "app",
        flags: UInt32 = 0x100, _ attributes: [KeyValue] = []
    ) -> Int {
        var span = SpanRecord(scope: place(scope: scope, process: process))
        span.traceID = Self.trace(trace)
        span.spanID = SpanID(word: id)
        span.parentSpanID = SpanID(word: parent)
        span.startTimeUnixNano = 1_000_000 + start
        span.endTimeUnixNano = 1_000_000 + end
        span.kind = 1
        span.flags = flags
        span.name = batch.append(name)
        span.attributes = batch.append(keyValues: attributes)
        batch.spans.append(span)
        return batch.spans.count - 1
    }

    mutating func link(_ span: Int, to key: SpanKey) {
        var link = LinkRecord()
        link.traceID = key.traceID
        link.spanID = key.spanID
        batch.spans[span].links = RecordRange(start: UInt32(batch.links.count), count: 1)
        batch.links.append(link)
    }

    private mutating func place(scope name: String, process: String) -> UInt32 {
        let key = "\(process)/\(name)"
        if let known = scopes[key] { return known }
        var resource = ResourceRecord()
        resource.hasResource = true
        resource.attributes = batch.append(keyValues: [
            KeyValue("service.name", "svc"), KeyValue("service.instance.id", .string(process)),
        ])
        batch.resources.append(resource)
        var scope = ScopeRecord(resource: UInt32(batch.resources.count - 1))
        scope.hasScope = true
        scope.name = batch.append(name)
        batch.scopes.append(scope)
        let index = UInt32(batch.scopes.count - 1)
        scopes[key] = index
        return index
    }
}

/// All that a mended run tells of its spans, in order: where two are equal, the runs are.
func story(of run: MendedRun) -> [String] {
    zip(run.batch.spans, run.spans).map { span, told in
        let attributes = run.batch.keyValues(span.attributes)
            .map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")
        let links = run.batch.links[span.links.indices].map { "\($0.traceID)/\($0.spanID)" }
        return "\(span.key) \(span.parentSpanID) \(run.batch.string(span.name)) "
            + "\(span.startTimeUnixNano)-\(span.endTimeUnixNano) "
            + "\(run.batch.string(run.batch.scope(of: span).name)) "
            + "\(run.batch.keyValues(run.batch.resource(of: span).attributes)) "
            + "\(attributes) \(links) \(told)"
    }
}

extension MendedRun {
    /// What an appending sink would have been given.
    var pins: Pins {
        var pins = Pins()
        for (span, told) in zip(batch.spans, spans) {
            pins.spans[told.reported] = Pins.Pin(
                traceID: span.traceID, parentSpanID: span.parentSpanID, sequence: told.sequence,
                duplicateOf: told.duplicateOf)
        }
        return pins
    }

    func attribute(_ key: String, of span: UInt64) -> AnyValue? {
        batch.spans.first { $0.spanID == SpanID(word: span) }
            .flatMap { batch.value(key, in: $0.attributes) }
    }
}

extension Mender {
    /// With the built-in rules, compiled once.
    static let builtIn = Result { Mender(rules: try RuleSet.builtIn()) }
}
