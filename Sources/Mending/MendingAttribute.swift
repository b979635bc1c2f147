/// The attributes that tell what mending changed about a span's place in its run.
///
/// What mending tells about attributes is told by the rules' provenance keys.
public enum MendingAttribute {
    /// String: the step that changed the parent.
    public static let repairRule = "tracemend.repair.rule"
    /// Double, 0…1.
    public static let repairConfidence = "tracemend.repair.confidence"
    /// String: 16 hexadecimal digits; empty for a root.
    public static let reportedParentSpanID = "tracemend.reported.parent_span_id"
    /// String: 32 hexadecimal digits.
    public static let reportedTraceID = "tracemend.reported.trace_id"
    /// String: 16 hexadecimal digits; empty where the span came without an id.
    public static let reportedSpanID = "tracemend.reported.span_id"
    /// String: 16 hexadecimal digits of the span that counts instead.
    public static let duplicateOf = "tracemend.duplicate_of"
    /// Bool: true on spans that stand for a parent that was never exported.
    public static let placeholder = "tracemend.placeholder"

    /// string[]: the keys whose values were credentials and are masked; it stays when a mending is
    /// taken back, as the masked values do.
    public static let masked = "tracemend.masked"

    static let prefix = "tracemend."
    static let all: Set<String> = [
        repairRule, repairConfidence, reportedParentSpanID, reportedTraceID, reportedSpanID,
        duplicateOf, placeholder,
    ]
}
