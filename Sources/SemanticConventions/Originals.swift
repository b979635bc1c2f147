/// What becomes of attributes whose whole content other attributes have after normalising.
public enum Originals: String, Hashable, Sendable, CaseIterable {
    /// They stay, so that normalising can be taken back.
    case keep
    /// They go, and `tracemend.dropped` tells their keys. Such a span is not normalised again.
    case drop
}
