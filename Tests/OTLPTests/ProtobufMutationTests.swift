import OTLP
import Testing

/// Ten thousand bodies that are almost right. Each must be judged as the rules say, and what is
/// accepted must be what libprotobuf-c reads, wherever the two agree on the rules.
@Suite("Bodies that are damaged")
struct ProtobufMutationTests {
    static let seed: UInt64 = 20_261_123

    @Test("a damaged body is judged by the rules and encoded to what libprotobuf-c reads")
    func mutations() throws {
        var random = SeededGenerator(seed: Self.seed)
        let sources = [AllFields.body()] + Self.smallCaptures
        var tally = (accepted: 0, refused: 0, compared: 0)
        for round in 0..<10_000 {
            let body = Mutation.mutate(sources, using: &random)
            let rules = ProtobufValidator(body)
            let context: Comment = "seed \(Self.seed), round \(round): \(hexadecimal(body))"
            guard let batch = try? TraceBatch(protobuf: body) else {
                #expect(!rules.isValid, context)
                tally.refused += 1
                continue
            }
            #expect(rules.isValid, context)
            tally.accepted += 1

            let encoded = batch.protobuf()
            let again = try TraceBatch(protobuf: encoded)
            #expect(again.protobuf() == encoded, context)
            #expect(again.repairedStrings == 0, context)

            // Where the rules differ on purpose, there is nothing to compare with.
            guard rules.differences.isEmpty else { continue }
            let expected = try #require(Reference.normalized(body), context)
            #expect(Reference.normalized(encoded) == expected, context)
            tally.compared += 1
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

func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
}

/// Small damage: flipped bits, bytes put in or taken out, ends cut off, parts of other bodies.
enum Mutation {
    static func mutate(
        _ sources: [[UInt8]], using random: inout some RandomNumberGenerator
    ) -> [UInt8] {
        var body = sources[Int.random(in: sources.indices, using: &random)]
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            guard !body.isEmpty else { return body }
            let at = Int.random(in: body.indices, using: &random)
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<35: body[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 35..<60: body[at] = UInt8.random(in: .min ... .max, using: &random)
            case 60..<70: body.insert(UInt8.random(in: .min ... .max, using: &random), at: at)
            case 70..<80: body.remove(at: at)
            case 80..<85: body.removeSubrange(at...)
            case 85..<92:
                let other = sources[Int.random(in: sources.indices, using: &random)]
                let start = Int.random(in: other.indices, using: &random)
                let end = min(start + Int.random(in: 1...40, using: &random), other.count)
                body.replaceSubrange(
                    at..<min(at + end - start, body.count), with: other[start..<end])
            default: body += sources[Int.random(in: sources.indices, using: &random)]
            }
        }
        return body
    }
}
