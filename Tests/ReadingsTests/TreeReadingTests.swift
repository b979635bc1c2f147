import OTLP
import Readings
import Testing

@Suite struct TreeReadingTests {
    /// Spans by id and parent, in the order of their start; 0 is no parent.
    private static func batch(_ spans: [(id: UInt64, parent: UInt64)]) -> TraceBatch {
        var batch = TraceBatch()
        batch.resources.append(ResourceRecord())
        batch.scopes.append(ScopeRecord(resource: 0))
        for (place, ids) in spans.enumerated() {
            var span = SpanRecord(scope: 0)
            span.traceID = TraceID(high: 1, low: 2)
            span.spanID = SpanID(word: ids.id)
            span.parentSpanID = SpanID(word: ids.parent)
            span.startTimeUnixNano = UInt64(place) + 1
            span.name = batch.append("s\(ids.id)")
            batch.spans.append(span)
        }
        return batch
    }

    /// The shape of a forest: names, children in parentheses.
    private static func shape(_ nodes: JSONValue?) -> String {
        (nodes?.array ?? []).map { node in
            let below = shape(node["children"])
            return (node["name"]?.string ?? "?") + (below.isEmpty ? "" : "(\(below))")
        }.joined(separator: " ")
    }

    @Test(
        arguments: [
            ([], ""),
            ([(1, 0)], "s1"),
            ([(1, 0), (2, 1), (3, 1), (4, 2)], "s1(s2(s4) s3)"),
            ([(1, 0), (2, 9), (3, 2)], "s1 s2(s3)"),
            ([(1, 1)], "s1"),
            ([(1, 3), (2, 1), (3, 2)], "s1(s2(s3))"),
        ] as [([(UInt64, UInt64)], String)])
    func theForestIsNested(spans: [(UInt64, UInt64)], shape: String) throws {
        let tree = SpanTree(Self.batch(spans.map { (id: $0.0, parent: $0.1) }))
        let json = try JSONValue(parsing: tree.jsonBytes())
        #expect(Self.shape(json["roots"]) == shape)
    }

    @Test func aChainMayBeAsDeepAsItIsLong() {
        let depth: UInt64 = 100_000
        let tree = SpanTree(Self.batch((1...depth).map { (id: $0, parent: $0 - 1) }))
        var deepest = 0
        var open = 0
        for byte in tree.jsonBytes() {
            if byte == UInt8(ascii: "{") { open += 1 }
            if byte == UInt8(ascii: "}") { open -= 1 }
            deepest = max(deepest, open)
        }
        #expect(open == 0)
        #expect(deepest == Int(depth) + 1)
    }
}
