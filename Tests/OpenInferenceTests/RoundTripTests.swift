import TestSupport
import Mending
import OTLP
import OpenInference
import SemanticConventions
import Testing

/// What is written as OpenInference and normalized again has the same canonical attributes.
@Suite("Spans written as OpenInference read as before")
struct RoundTripTests {
    /// What reading OpenInference adds, where a span said nothing: the kind is named there, lists of
    /// spans show a text beside the name, a conversation is a session, and one model is both the
    /// requested and the answering one.
    static let additions: Set = [
        "ext.span.kind_native", "ext.step.kind", "input.value", "output.value", "session.id",
        "gen_ai.conversation.id", "gen_ai.request.model", "gen_ai.operation.name",
    ]

    @Test("Nothing but canonical attributes", arguments: Capture.all)
    func canonicalAlone(_ capture: Capture) throws {
        let mended = try capture.mended()
        for span in mended.spans.indices {
            let before = mended.canonical(ofSpan: span)
            let name = mended.string(mended.spans[span].name)
            var batch = TraceBatch.span(
                name, before.sorted { $0.key < $1.key }.map { KeyValue($0.key, $0.value) })
            batch.writeAsOpenInference()
            normalizer.normalize(&batch)
            // A call that told no messages has them from its input and output.
            expect(
                batch.canonical(ofSpan: 0), equal: before, name,
                orNew: ["gen_ai.input.messages", "gen_ai.output.messages"])
        }
    }

    @Test(
        "Whole runs, with what their libraries wrote beside it and without",
        arguments: Capture.all, [Originals.keep, .drop])
    func wholeRuns(_ capture: Capture, originals: Originals) throws {
        let mended = try capture.mended(originals: originals)
        var written = mended
        written.writeAsOpenInference()
        let again = mender(of: originals).mend(written, identity: .named(capture.name)).batch
        #expect(again.spans.map(\.key) == mended.spans.map(\.key))
        guard again.spans.count == mended.spans.count else { return }
        for span in mended.spans.indices {
            expect(
                again.canonical(ofSpan: span), equal: mended.canonical(ofSpan: span),
                mended.string(mended.spans[span].name))
        }
    }

    private func expect(
        _ after: [String: AnyValue], equal before: [String: AnyValue], _ span: String,
        orNew possible: Set<String> = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for (key, value) in before.sorted(by: { $0.key < $1.key }) {
            #expect(
                after[key].map(comparable) == comparable(value), "\(span): \(key)",
                sourceLocation: sourceLocation)
        }
        let new = Set(after.keys).subtracting(before.keys).subtracting(Self.additions)
            .subtracting(possible)
        #expect(new.isEmpty, "\(span): \(new.sorted())", sourceLocation: sourceLocation)
    }

    /// JSON compared by meaning, whatever the order of members.
    private func comparable(_ value: AnyValue) -> JSONValue {
        guard case .string(let text) = value, let first = text.utf8.first,
            first == UInt8(ascii: "[") || first == UInt8(ascii: "{"),
            let json = try? JSONValue(parsing: text)
        else { return JSONValue(value) }
        return json.sorted
    }
}

extension JSONValue {
    fileprivate var sorted: JSONValue {
        switch self {
        case .array(let elements): .array(elements.map(\.sorted))
        case .object(let members):
            .object(
                members.map { Member($0.name, $0.value.sorted) }.sorted { $0.name < $1.name })
        default: self
        }
    }
}
