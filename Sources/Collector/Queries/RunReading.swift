/// What the query API can show of one run; the raw value is the last segment of its path.
public enum RunReading: String, Hashable, Sendable, CaseIterable {
    /// Its row in the list of runs.
    case summary = ""
    /// Agent-lightning's Span objects.
    case spans
    /// The nested tree.
    case tree
    /// An ExportTraceServiceRequest as OTLP/JSON.
    case otlp
}
