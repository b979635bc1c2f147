/// What normalising did to a batch, in numbers.
public struct NormalizationReport: Hashable, Sendable {
    /// Spans by the dialect that was detected.
    public var spansByDialect: [String: Int] = [:]
    /// Spans that came out with other attributes than they had.
    public var changedSpans = 0
    /// How often each source found no home, by `REASON:SOURCE`.
    public var losses: [String: Int] = [:]

    public init() {}

    /// The losses in words, each once, in a fixed order.
    public var notes: [String] {
        losses.sorted { $0.key < $1.key }.map { "\($0.key) on \($0.value) spans" }
    }
}
