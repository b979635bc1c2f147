import Compression
import Foundation
import Mending
import OTLP
import Readings
import SemanticConventions
import Testing

/// Spans, and what the adapters of Agent-lightning 0.3.0 made of them without repairing their tree.
struct AdapterFixture: Sendable, CustomTestStringConvertible {
    let name: String
    let json: JSONValue

    static let all: Result<[AdapterFixture], any Error> = Result {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/agent-lightning/adapters-0.3.0.json.gz")
        let bytes = try inflate(Array(Data(contentsOf: file)), encoding: .gzip, limit: 1 << 22)
        return (try JSONValue(parsing: bytes).object ?? []).map {
            AdapterFixture(name: $0.name, json: $0.value)
        }
    }

    static func named(_ name: String) throws -> AdapterFixture {
        guard let found = try all.get().first(where: { $0.name == name }) else {
            throw Missing(name: name)
        }
        return found
    }

    struct Missing: Error {
        let name: String
    }

    var testDescription: String { name }

    /// The spans as they came.
    var batch: TraceBatch {
        var batch = TraceBatch()
        batch.resources.append(ResourceRecord())
        batch.scopes.append(ScopeRecord(resource: 0))
        for json in json["spans"]?.array ?? [] {
            var span = SpanRecord(scope: 0)
            span.traceID = TraceID(hexadecimal: json["trace_id"]?.string ?? "") ?? .invalid
            span.spanID = SpanID(hexadecimal: json["span_id"]?.string ?? "") ?? .invalid
            span.parentSpanID = SpanID(hexadecimal: json["parent_id"]?.string ?? "") ?? .invalid
            span.name = batch.append(json["name"]?.string ?? "")
            span.startTimeUnixNano = Self.nanoseconds(json["start_time"])
            span.endTimeUnixNano = Self.nanoseconds(json["end_time"])
            span.attributes = batch.append(
                keyValues: (json["attributes"]?.object ?? []).map {
                    KeyValue($0.name, AnyValue($0.value))
                })
            batch.spans.append(span)
        }
        return batch
    }

    private static func nanoseconds(_ seconds: JSONValue?) -> UInt64 {
        guard case .double(let number)? = seconds else { return 0 }
        return UInt64(number * 1e9)
    }

    /// The spans as the collector mends them.
    func mended() throws -> TraceBatch {
        let rules = try Self.rules.get()
        var gatherer = TraceBatchGatherer(keys: rules.keyTable)
        let batch = batch
        try gatherer.add(spans: batch.spans.indices, of: batch)
        return Mender(rules: rules).mend(gatherer.finish(), identity: .named("ro-1/at-1")).batch
    }

    static let rules = Result { try RuleSet.builtIn() }
}

extension RunDocument {
    init(_ batch: TraceBatch) {
        self.init(batch, id: "ro-1/at-1", rolloutID: "ro-1", attemptID: "at-1")
    }

    func read(_ form: ReadingForm) throws -> JSONValue {
        try JSONValue(parsing: json(form), maximumDepth: 512)
    }
}

extension JSONValue {
    /// Equal where two JSON texts mean the same: members in the order of their names, and numbers
    /// as doubles.
    var meaning: JSONValue {
        switch self {
        case .int(let number): .double(Double(number))
        case .array(let elements): .array(elements.map(\.meaning))
        case .object(let members):
            .object(
                members.map { Member($0.name, $0.value.meaning) }.sorted { $0.name < $1.name })
        default: self
        }
    }
}
