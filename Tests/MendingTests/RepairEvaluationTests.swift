import Mending
import RepairCases
import Testing

/// A short form of `make evaluate`: the seed is fixed, so these are the same cases every time.
@Suite("The repair, measured against the truth")
struct RepairEvaluationTests {
    static let seed: UInt64 = 11
    static let casesOfEach = 12

    @Test("Links that the evidence decides come out right", arguments: DamageKind.allCases)
    func decided(damage: DamageKind) throws {
        let evaluation = Evaluation(try Mender.builtIn.get())
        let cases = Evaluation.cases(damage, count: Self.casesOfEach, seed: Self.seed)
        let score = evaluation.score(cases)
        for (kind, tally) in score.decided where tally.all >= 10 {
            #expect(tally.recall >= 0.88, "seed \(Self.seed), \(kind): \(tally)")
        }
        #expect(score.undamaged.recall >= 0.999, "seed \(Self.seed): \(score.undamaged)")
        #expect(score.twins.recall >= 0.97, "seed \(Self.seed): \(score.twins)")
    }

    @Test("A run that was mended once is not mended again", arguments: DamageKind.allCases)
    func idempotent(damage: DamageKind) throws {
        let mender = try Mender.builtIn.get()
        for test in Evaluation.cases(damage, count: 3, seed: Self.seed) {
            let mended = mender.mend(test.batch, identity: .named("run"))
            let again = mender.mend(mended.batch, identity: .named("run"))
            #expect(story(of: again) == story(of: mended), "seed \(test.seed)")
        }
    }
}
