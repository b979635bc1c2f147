import TestSupport
import Foundation
import OTLP
import SemanticConventions
import Testing

/// One span as a version of a library writes it, from its documentation or source, with its facts.
struct Shape: CustomTestStringConvertible, Sendable {
    var dialect: String
    var what: String
    var span: JSONValue

    var testDescription: String { "\(dialect): \(what)" }

    static let all: [Shape] = {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/shapes")
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.sorted().flatMap { file -> [Shape] in
            guard let text = try? String(contentsOf: folder.appending(path: file), encoding: .utf8),
                let document = try? JSONValue(parsing: text),
                let dialect = document["dialect"]?.string
            else {
                Issue.record("\(file) is no file of shapes")
                return []
            }
            return (document["shapes"]?.array ?? []).map {
                Shape(dialect: dialect, what: $0["what"]?.string ?? "?", span: $0)
            }
        }
    }()

    func batch() -> TraceBatch {
        let events = (span["events"]?.array ?? []).map {
            ($0[0]?.string ?? "", Self.keyValues($0[1]))
        }
        var kind: Int32 = 1
        if case .int(let number)? = span["kind"] { kind = Int32(number) }
        return .example(
            span["name"]?.string ?? "", scope: span["scope"]?.string ?? "", kind: kind,
            Self.keyValues(span["attributes"]), events: events)
    }

    private static func keyValues(_ object: JSONValue?) -> [KeyValue] {
        (object?.object ?? []).map { KeyValue($0.name, AnyValue($0.value)) }
    }
}

@Suite("Spans as libraries document them")
struct ShapeTests {
    @Test("Facts", arguments: Shape.all)
    func facts(_ shape: Shape) throws {
        var batch = shape.batch()
        normalizer.normalize(&batch)
        let attributes = batch.attributes(ofSpan: 0)
        let facts = try #require(shape.span["facts"])
        var count = FactCount()
        count.judge(
            CaptureFacts.Span(
                id: shape.what, name: shape.span["name"]?.string ?? "", dialect: shape.dialect,
                facts: facts),
            in: shape.dialect, by: SpanFindings(attributes: attributes))
        #expect(count.all > 0)
        for wrong in count.wrong { Issue.record("\(wrong)") }
        if facts["op"]?.string != nil, shape.span["any_dialect"] == nil {
            #expect(attributes["tracemend.dialect"]?.stringValue == shape.dialect)
        }
    }

    @Test("Every dialect of the rules has a capture or a shape")
    func everyDialect() throws {
        var known = Set(Shape.all.map(\.dialect))
        for capture in Capture.all {
            known.formUnion(try CaptureFacts(capture: capture.name).spans.map(\.dialect))
        }
        #expect(Set(rules.dialectNames).subtracting(known).isEmpty)
        #expect(rules.dialectNames.count >= 36)
    }
}
