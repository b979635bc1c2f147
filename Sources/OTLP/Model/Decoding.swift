/// Why a request body could not be decoded: where, what was expected, what was found.
public struct DecodingError: Error, Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// The body is not what its content type says.
        case malformed
        /// The body may be well-formed, but decoding it would exceed a limit.
        case limit
    }

    public var kind: Kind
    /// The element that could not be read: `Span.trace_id` in protobuf,
    /// `resourceSpans[0].scopeSpans[0].spans[3].traceId` in JSON; "" for the body as a whole.
    public var location: String
    /// Bytes from the start of the (uncompressed) body to what could not be read.
    public var offset: Int
    /// What was expected and what was found, as half a sentence.
    public var reason: String

    public init(kind: Kind = .malformed, location: String, offset: Int, reason: String) {
        self.kind = kind
        self.location = location
        self.offset = offset
        self.reason = reason
    }

    /// Whether a limit was exceeded, rather than the body being malformed.
    public var isLimit: Bool { kind == .limit }
}

extension DecodingError: CustomStringConvertible {
    /// For example: `Span.trace_id at byte 123: length 4294967295 exceeds the 20 bytes left`.
    public var description: String {
        location.isEmpty ? "byte \(offset): \(reason)" : "\(location) at byte \(offset): \(reason)"
    }
}

/// What one decoded body may cost.
public struct DecodingLimits: Hashable, Sendable {
    /// Resources, scopes, spans, events, links, attributes and the elements of nested values.
    ///
    /// A span counts as four, because its record is that much larger. The decoder also charges
    /// attributes that it has to move when a message comes in several parts, so work and memory
    /// are both linear: at most about 64 bytes a node beyond the body itself.
    public var maximumNodes: Int
    /// A value nested deeper than this is dropped and counted as a dropped attribute of its owner.
    ///
    /// Never more than `TraceBatch.maximumValueDepth`, whatever is set.
    public var maximumValueDepth: Int

    /// - Parameter maximumNodes: 2,097,152 unless told. Exports of real libraries have a node in
    ///   about 40 bytes, so a body of 64 MiB, the largest that is accepted, stays below it, while
    ///   a body of nothing but empty messages is refused before it has taken 128 MiB.
    public init(
        maximumNodes: Int = 1 << 21, maximumValueDepth: Int = TraceBatch.maximumValueDepth
    ) {
        self.maximumNodes = maximumNodes
        self.maximumValueDepth = min(maximumValueDepth, TraceBatch.maximumValueDepth)
    }

    public static let standard = DecodingLimits()
}

/// What is left of `DecodingLimits.maximumNodes` while a body is decoded.
struct NodeBudget {
    /// What a `SpanRecord` costs; every other record costs one.
    static let span = 4

    private(set) var left: Int

    init(_ limits: DecodingLimits) {
        left = max(limits.maximumNodes, 0)
    }

    /// Takes some nodes; false when there were too few left.
    @inline(__always)
    mutating func charge(_ nodes: Int = 1) -> Bool {
        left &-= nodes
        return left >= 0
    }
}
