import Foundation
import OTLP
import Testing

/// What is known of a capture's spans: from its program and the values that its library sent.
///
/// A text of more than 120 bytes is told by its beginning, length and FNV-1a hash, JSON by its
/// members in order. `"*"` makes no claim.
struct CaptureFacts: CustomTestStringConvertible {
    struct Span {
        var id: String
        var name: String
        var dialect: String
        var facts: JSONValue
    }

    var capture: String
    var spans: [Span]

    var testDescription: String { capture }

    init(capture: String) throws {
        let url = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/facts/\(capture).json")
        let document = try JSONValue(parsing: String(contentsOf: url, encoding: .utf8))
        self.capture = capture
        let dialect = try #require(document["dialect"]?.string)
        spans = try #require(document["spans"]?.array).map { span in
            try Span(
                id: #require(span["span"]?.string), name: #require(span["name"]?.string),
                dialect: span["dialect"]?.string ?? dialect, facts: #require(span["facts"]))
        }
    }
}

/// How many facts of one dialect came out right, and which did not.
struct FactCount {
    var right = 0
    var all = 0
    var wrong: [String] = []

    var share: Double { all == 0 ? 1 : Double(right) / Double(all) }

    /// Compares what is expected of a span with what normalising made of it.
    mutating func judge(_ span: CaptureFacts.Span, in capture: String, by found: SpanFindings) {
        let operation = span.facts["op"]?.string
        for fact in SpanFindings.names {
            let expected = span.facts[fact]
            let value = found.value(of: fact)
            guard expected != "*", Self.isJudged(fact, expected, operation) else { continue }
            if fact == "input" || fact == "output" {
                let (left, right) = (expected?.array ?? [], value?.array ?? [])
                for index in 0..<max(left.count, right.count) {
                    count(
                        "\(fact)[\(index)]", index < left.count ? left[index] : nil,
                        index < right.count ? right[index] : nil, span, capture)
                }
            } else if expected != nil || value != nil {
                count(fact, expected, value, span, capture)
            }
        }
    }

    /// What an operation does not have is not asked of it: a chain may well have messages.
    private static func isJudged(
        _ fact: String, _ expected: JSONValue?, _ operation: String?
    ) -> Bool {
        switch fact {
        case "tool", "call", "arguments", "result": operation == "execute_tool"
        case "agent": operation == "invoke_agent" || expected != nil
        case "input", "output", "system", "tools":
            expected != nil || ["chat", "generate_content"].contains(operation)
        case "tags": expected != nil
        default: true
        }
    }

    private mutating func count(
        _ fact: String, _ expected: JSONValue?, _ found: JSONValue?, _ span: CaptureFacts.Span,
        _ capture: String
    ) {
        all += 1
        let (left, right) = (expected.map(Rendering.json), found.map(Rendering.json))
        if (left ?? "null") == (right ?? "null") {
            self.right += 1
        } else {
            wrong.append(
                "\(capture) \(span.id) \(span.name): \(fact) is \(right ?? "absent"), "
                    + "not \(left ?? "absent")")
        }
    }
}
