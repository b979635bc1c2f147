public import OTLP
import SemanticConventions

extension TraceBatch {
    /// Writes mended spans with the attributes of OpenInference, for backends that read no others.
    ///
    /// What OpenInference says exactly as the canonical attributes did replaces them; where it has no
    /// words, or fewer, they stay beside it. So normalizing again gives the same canonical
    /// attributes. Attributes of OpenInference that a span came with stay as they are. Spans that
    /// are no part of a model's, agent's or tool's work are left alone.
    ///
    /// Source: https://github.com/Arize-ai/openinference, spec/semantic_conventions.md.
    /// - Complexity: linear in the attributes.
    public mutating func writeAsOpenInference() {
        for span in spans.indices { writeAsOpenInference(span) }
    }

    private mutating func writeAsOpenInference(_ span: Int) {
        let attributes = keyValues(spans[span].attributes)
        guard let kind = SpanKind(of: attributes) else { return }
        let written: [KeyValue]
        if attributes.contains(where: { $0.key == SpanStatement.duplicateKey }) {
            written = SpanStatement.withoutCounting(attributes)
        } else {
            var statement = SpanStatement(attributes, kind)
            statement.write()
            written = statement.attributes
        }
        let made = written.map { makeAttribute($0.key, $0.value) }
        replaceAttributes(ofSpan: span, with: made)
    }
}
