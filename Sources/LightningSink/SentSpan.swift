import Mending
import OTLP

/// A span as the store's adapters are to read it.
///
/// The place where the store's dialect is spoken: what its adapters look for by name of span or
/// attribute is put there from the canonical attributes.
struct SentSpan {
    var name: String
    /// Of any shape; `StoreValue` brings them to what the store takes.
    var attributes: [KeyValue]

    init(_ span: SpanRecord, _ mended: MendedSpan, of batch: borrowing TraceBatch) {
        name = batch.string(span.name)
        attributes = batch.keyValues(span.attributes)
    }
}
