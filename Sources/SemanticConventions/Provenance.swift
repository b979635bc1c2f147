/// The attributes that tell what normalising did.
public enum Provenance {
    /// The dialect that the span was written in.
    public static let dialect = "tracemend.dialect"
    /// string[]: the keys that normalising added to the span.
    public static let derived = "tracemend.derived"
    /// string[]: what normalising found no home for, each `REASON:SOURCE`.
    public static let loss = "tracemend.loss"
    /// string[]: the keys that are gone because other attributes tell all that they told; `{i}` stands
    /// for indices.
    public static let dropped = "tracemend.dropped"
    /// Before the key of a value that was replaced.
    public static let originalPrefix = "tracemend.original."
}
