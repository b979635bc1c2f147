public import OTLP

/// A damaged run with its truth.
public struct RepairCase: Sendable {
    public var program: String
    public var damage: DamageKind
    public var seed: UInt64
    /// What a collector would have got.
    public var batch: TraceBatch
    /// The truth of each span, by its reported key.
    public var truths: [SpanKey: Truth]

    public struct Truth: Sendable {
        /// The reported key of the nearest surviving ancestor; nil for a root.
        public var parent: SpanKey?
        /// All surviving ancestors' keys: no wrong places, though not always the best.
        public var ancestors: Set<SpanKey>
        /// The damage that the link suffered; nil where the reported parent is true.
        public var damage: DamageKind?
        /// Whether what is left singles the true parent out; see `Decision`.
        public var isDecided: Bool
        /// A number that the orphans of one lost parent share; nil where there is one orphan only.
        public var lostGroup: Int?
        /// The number of copies with this key.
        public var copies: Int
        /// How many attributes the most complete copy has.
        public var attributes: Int
        /// Spans of one model call share a number.
        public var call: Int?
    }
}

extension RepairCase {
    public static func make(_ program: Program, _ damage: DamageKind, seed: UInt64) -> RepairCase {
        var random = SeededRandom(seed: seed)
        let scene = program.scene(seed: random.next(), hasTwins: damage == .twins)
        return make(scene, name: program.rawValue, damage, seed: seed, random: random)
    }

    public static func make(
        _ scene: Scene, name: String, _ damage: DamageKind, seed: UInt64, random: SeededRandom
    ) -> RepairCase {
        var wreck = Wreck(scene, random: random)
        wreck.apply(damage)
        return wreck.finish(name: name, damage, seed: seed)
    }
}
