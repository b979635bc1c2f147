import TestSupport
import OTLP
import SemanticConventions
import Testing

/// The built-in rules, read once.
let rules: RuleSet = {
    do {
        return try RuleSet.builtIn()
    } catch {
        Issue.record("\(error)")
        preconditionFailure("\(error)")
    }
}()
let normalizer = Normalizer(rules: rules)

extension TraceBatch {
    /// Every span's attributes, by trace and span id.
    var attributesBySpan: [SpanKey: [String: AnyValue]] {
        Dictionary(
            spans.indices.map { (spans[$0].key, attributes(ofSpan: $0)) },
            uniquingKeysWith: { $1 })
    }

    /// What spans of each id carry, whatever their order: a span may come twice.
    var contents: [SpanKey: Set<[String: AnyValue]>] {
        Dictionary(
            spans.indices.map { (spans[$0].key, [attributes(ofSpan: $0)]) },
            uniquingKeysWith: { $0.union($1) })
    }

    /// A batch with one span.
    static func example(
        _ name: String, scope: String = "", kind: Int32 = 3, _ attributes: [KeyValue],
        events: [(String, [KeyValue])] = [], resource: [KeyValue] = []
    ) -> TraceBatch {
        var batch = TraceBatch(keys: rules.keyTable)
        var record = ResourceRecord()
        record.hasResource = true
        record.attributes = batch.append(keyValues: resource)
        batch.resources.append(record)
        var scopeRecord = ScopeRecord(resource: 0)
        scopeRecord.hasScope = true
        scopeRecord.name = batch.append(scope)
        batch.scopes.append(scopeRecord)
        var span = SpanRecord(scope: 0)
        span.traceID = TraceID(high: 1, low: 2)
        span.spanID = SpanID(word: 3)
        span.kind = kind
        span.name = batch.append(name)
        span.attributes = batch.append(keyValues: attributes)
        for (time, event) in events.enumerated() {
            var added = EventRecord()
            added.timeUnixNano = UInt64(time)
            added.name = batch.append(event.0)
            added.attributes = batch.append(keyValues: event.1)
            batch.events.append(added)
        }
        span.events = RecordRange(start: 0, count: UInt32(events.count))
        batch.spans.append(span)
        return batch
    }
}

/// JSON text in an attribute, for comparison by meaning.
func json(_ value: AnyValue?) throws -> JSONValue? {
    guard let text = value?.stringValue else { return nil }
    return try JSONValue(parsing: text)
}
