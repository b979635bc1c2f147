import Compression
import OTLP

/// What the decoding of one body may take.
///
/// A body gets as much as it tells, and as bodies like it usually need. One that needs more is decoded
/// anew with more, once there is room for that.
struct DecodingRoom: Hashable {
    /// Bytes once inflated.
    var contentBytes: Int
    /// See `DecodingLimits.maximumNodes`.
    var nodes: Int

    /// Bodies of at most this size are decoded where they are received: handing them over would cost
    /// more.
    private static let atOnceBytes = 256 << 10
    /// Exports of real libraries have a node in about 40 bytes.
    private static let bytesForANode = 16
    private static let leastNodes = 1024
    /// A record of 64 bytes, in arrays that double while they grow.
    private static let nodeBytes = 160

    /// Whether decoding a body is so little work that handing it over would cost more. What a
    /// compressed body says of its content counts for nothing here.
    static func isSmall(_ body: [UInt8], _ compression: ContentEncoding) -> Bool {
        body.count <= (compression == .identity ? atOnceBytes : 4 << 10)
    }

    /// What a body tells.
    init(told body: [UInt8], _ compression: ContentEncoding, _ limits: Limits) {
        let told: Int
        switch compression {
        case .identity: told = body.count
        case .gzip where body.count >= 18:
            told = body.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        case .gzip, .deflate: told = body.count * 4
        }
        let most = Self.mostContentBytes(of: body, compression, limits)
        self.init(contentBytes: min(max(told, body.count), most), limits)
    }

    private init(contentBytes: Int, _ limits: Limits) {
        self.contentBytes = contentBytes
        nodes = min(limits.nodes, max(Self.leastNodes, contentBytes / Self.bytesForANode))
    }

    /// The most that a body can hold: deflate makes at most 1032 bytes of one.
    private static func mostContentBytes(
        of body: [UInt8], _ compression: ContentEncoding, _ limits: Limits
    ) -> Int {
        compression == .identity
            ? body.count : max(body.count, min(limits.bodyBytes, body.count * 1032))
    }

    /// Bytes that inflating and decoding may take: what is inflated, and its records.
    func bytes(_ compression: ContentEncoding) -> Int {
        nodes * Self.nodeBytes + (compression == .identity ? 0 : contentBytes)
    }

    /// What to try next where this was too little; nil where no more is allowed.
    ///
    /// In steps, so that not each body takes the room of the largest.
    func larger(
        for error: BodyError, _ body: [UInt8], _ compression: ContentEncoding, _ limits: Limits
    ) -> DecodingRoom? {
        switch error {
        case .inflating(.exceedsLimit):
            let most = Self.mostContentBytes(of: body, compression, limits)
            guard contentBytes < most else { return nil }
            var larger = DecodingRoom(
                contentBytes: min(most, max(contentBytes, 64 << 10) * 4), limits)
            larger.nodes = max(nodes, larger.nodes)
            return larger
        case .decoding(let error) where error.isLimit:
            guard nodes < limits.nodes else { return nil }
            var larger = self
            larger.nodes = min(limits.nodes, nodes * 8)
            return larger
        case .inflating, .decoding: return nil
        }
    }
}
