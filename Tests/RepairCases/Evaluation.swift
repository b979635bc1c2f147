public import Mending
public import OTLP

/// Damaged runs without end, from one seed.
public struct Evaluation: Sendable {
    private let mender: Mender

    public init(_ mender: Mender) { self.mender = mender }

    /// Cases of one kind, each of another seed.
    public static func cases(_ damage: DamageKind, count: Int, seed: UInt64) -> [RepairCase] {
        let programs = damage.programs
        return (0..<count).map { place in
            RepairCase.make(
                programs[place % programs.count], damage,
                seed: seed &* 1_000_003 &+ UInt64(place))
        }
    }

    public func score(_ cases: some Sequence<RepairCase>) -> Score {
        var score = Score()
        for test in cases { score.add(mended(test), of: test) }
        return score
    }

    public func mended(_ test: RepairCase) -> MendedRun {
        mender.mend(test.batch, identity: .named("\(test.damage.rawValue)/\(test.seed)"))
    }

    public func explanation(of span: SpanKey, in test: RepairCase) -> RepairExplanation? {
        mender.explain(
            span, in: test.batch, identity: .named("\(test.damage.rawValue)/\(test.seed)"))
    }
}
