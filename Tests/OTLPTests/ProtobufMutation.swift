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

func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
}
