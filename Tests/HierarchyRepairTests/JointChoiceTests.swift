@testable import HierarchyRepair
import TestSupport
import Testing

/// Exactness is seen only here: a whole repair shows places, never what the others would have cost.
@Suite("Parts that disturb each other are placed together")
struct JointChoiceTests {
    @Test("What each option would cost is what trying all solutions tells", arguments: 1...60)
    func exact(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let weights = (0..<Int.random(in: 2...5, using: &random)).map { _ in
            (0..<Int.random(in: 2...4, using: &random)).map { _ in
                Double(Int.random(in: -12...0, using: &random)) / 4
            }
        }
        var clashes: [JointChoice.Clash] = []
        for part in weights.indices {
            for other in weights.indices.dropFirst(part + 1) {
                for option in weights[part].indices.dropLast()
                where option < weights[other].count - 1 && Bool.random(using: &random) {
                    clashes.append(
                        JointChoice.Clash(
                            part: part, option: option, otherPart: other, otherOption: option,
                            weight: Double(Int.random(in: -8...(-1), using: &random)) / 4))
                }
            }
        }
        let choice = JointChoice(weights: weights, clashes: clashes, allowance: 1_000_000)
        #expect(choice.loss == losses(weights, clashes), "seed \(seed)")
    }

    @Test("A search that takes more work than is allowed is given up")
    func bounded() {
        let alike = [[Double]](repeating: [Double](repeating: 0, count: 8), count: 24)
        var clashes: [JointChoice.Clash] = []
        for part in alike.indices {
            for other in alike.indices.dropFirst(part + 1) {
                for option in 0..<8 {
                    clashes.append(
                        JointChoice.Clash(
                            part: part, option: option, otherPart: other, otherOption: option,
                            weight: -1.5))
                }
            }
        }
        let choice = JointChoice(weights: alike, clashes: clashes, allowance: 100_000)
        #expect(choice.loss == nil)
        #expect(choice.work <= 100_000 + 24 * 8)
    }

    private func losses(_ weights: [[Double]], _ clashes: [JointChoice.Clash]) -> [[Double]] {
        var best = weights.map { $0.map { _ in -Double.infinity } }
        var chosen = [Int](repeating: 0, count: weights.count)
        for number in 0..<weights.reduce(1, { $0 * $1.count }) {
            var rest = number
            for (part, options) in weights.enumerated() {
                chosen[part] = rest % options.count
                rest /= options.count
            }
            var total = weights.indices.reduce(0) { $0 + weights[$1][chosen[$1]] }
            for clash in clashes
            where chosen[clash.part] == clash.option
                && chosen[clash.otherPart] == clash.otherOption
            {
                total += clash.weight
            }
            for part in weights.indices {
                best[part][chosen[part]] = max(best[part][chosen[part]], total)
            }
        }
        let top = best[0].max() ?? 0
        return best.map { $0.map { min(top - $0, JointChoice.lossThatCounts) } }
    }
}
