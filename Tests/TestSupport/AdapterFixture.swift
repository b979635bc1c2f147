import Compression
import Foundation
public import OTLP

/// Spans, and what the adapters of Agent-lightning 0.3.0 made of them without repairing their tree.
public struct AdapterFixture: Sendable, CustomStringConvertible {
    public let name: String
    public let json: JSONValue

    public static let all: Result<[AdapterFixture], any Error> = Result {
        let file = Fixtures.folder.appending(path: "agent-lightning/adapters-0.3.0.json.gz")
        let bytes = try inflate(Array(Data(contentsOf: file)), encoding: .gzip, limit: 1 << 22)
        return (try JSONValue(parsing: bytes).object ?? []).map {
            AdapterFixture(name: $0.name, json: $0.value)
        }
    }

    public static func named(_ name: String) throws -> AdapterFixture {
        guard let found = try all.get().first(where: { $0.name == name }) else {
            throw Missing(name: name)
        }
        return found
    }

    struct Missing: Error {
        let name: String
    }

    public var description: String { name }

    /// The spans as they came.
    public var batch: TraceBatch {
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
}
