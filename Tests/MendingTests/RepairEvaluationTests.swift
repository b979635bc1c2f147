import Mending
import RepairCases
import Testing

/// A short form of `make evaluate`: the seed is fixed, so these are the same cases every time.
@Suite("The repair, measured against the truth")
struct RepairEvaluationTests {
    static let seed: UInt64 = 11
    static let casesOfEach = 12

    @Test("Links that the evidence decides come out right, and whole ones stay")
    func decided() throws {
        let evaluation = Evaluation(try Mender.builtIn.get())
        var score = Score()
        for damage in DamageKind.allCases {
            score.add(
                evaluation.score(
                    Evaluation.cases(damage, count: Self.casesOfEach, seed: Self.seed)))
        }
        for (kind, tally) in score.decided {
            #expect(tally.recall >= 0.8, "seed \(Self.seed), \(kind): \(tally)")
        }
        let all = score.decided.values.reduce(0) { $0 + $1.all }
        let right = score.decided.values.reduce(0) { $0 + $1.right }
        #expect(Double(right) >= 0.96 * Double(all), "seed \(Self.seed): \(right) of \(all)")
        #expect(score.undamaged.recall >= 0.999, "seed \(Self.seed): \(score.undamaged)")
        #expect(score.twins.recall >= 0.99, "seed \(Self.seed): \(score.twins)")
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
