import TestSupport
import OTLP
import Testing

/// Ten thousand bodies that are almost right. Each must be judged as the rules say, and what is
/// accepted must be what libprotobuf-c reads, wherever the two agree on the rules.
@Suite("Bodies that are damaged")
struct ProtobufMutationTests {
    static let seed: UInt64 = 20_261_123

    @Test("a damaged body is judged by the rules and encoded to what libprotobuf-c reads")
    func mutations() {
        var random = SeededGenerator(seed: Self.seed)
        let sources = [AllFields.body()] + Self.smallCaptures
        var tally = (accepted: 0, refused: 0, compared: 0)
        for round in 0..<10_000 {
            let body = Mutation.mutate(sources, using: &random)
            let judgement = ProtobufJudgement(body)
            #expect(
                judgement.failure == nil,
                "seed \(Self.seed), round \(round): \(hexadecimal(body))")
            if judgement.isAccepted { tally.accepted += 1 } else { tally.refused += 1 }
            if judgement.isCompared { tally.compared += 1 }
        }
        print("seed \(Self.seed): \(tally)")
        #expect(tally.accepted > 1_000)
        #expect(tally.refused > 1_000)
        #expect(tally.compared > 1_000)
    }

    @Test("libprotobuf-c judges otherwise than the rules only in the classes that are named")
    func deliberateDifferences() {
        var random = SeededGenerator(seed: Self.seed + 1)
        let sources = [AllFields.body()] + Self.smallCaptures
        for round in 0..<2_000 {
            let body = Mutation.mutate(sources, using: &random)
            let rules = ProtobufValidator(body)
            guard rules.differences.isEmpty else { continue }
            #expect(
                (Reference.normalized(body) != nil) == rules.isValid,
                "seed \(Self.seed + 1), round \(round): \(hexadecimal(body))")
        }
    }

    private static let smallCaptures = Capture.plainProtobuf.map(\.body).filter { $0.count < 4_500 }
}
