import OTLP

/// A request of one span that has so many attributes: messages by index, names that a pattern
/// captures, and keys that no rule knows.
func spanOfKeys(_ count: Int) throws -> [UInt8] {
    var batch = TraceBatch()
    batch.resources.append(ResourceRecord())
    var scope = ScopeRecord(resource: 0)
    scope.hasScope = true
    scope.name = batch.append("openinference.instrumentation.openai")
    batch.scopes.append(scope)
    var span = SpanRecord(scope: 0)
    span.traceID = TraceID(high: 1, low: 2)
    span.spanID = SpanID(word: 3)
    span.name = batch.append("llm")
    var given = [KeyValue("openinference.span.kind", "LLM")]
    for index in 0..<count / 4 {
        given.append(KeyValue("llm.input_messages.\(index).message.role", "user"))
        given.append(KeyValue("llm.input_messages.\(index).message.content", "x"))
        given.append(KeyValue("evaluation.k\(index)", "x"))
        given.append(KeyValue("mine.k\(index)", "x"))
    }
    span.attributes = batch.append(keyValues: given)
    batch.spans.append(span)
    return batch.protobuf()
}
