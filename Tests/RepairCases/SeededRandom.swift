/// Numbers from a seed that a table can print: splitmix64.
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &self) < probability
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[Int.random(in: choices.indices, using: &self)]
    }

    /// Nanoseconds between two bounds in microseconds, each magnitude as likely as the others.
    mutating func span(_ low: Double, _ high: Double) -> UInt64 {
        var ratio = high / low
        var magnitude = 0.0
        while ratio > 2 {
            ratio /= 2
            magnitude += 1
        }
        var time = low
        var rest = Double.random(in: 0..<(magnitude + ratio - 1), using: &self)
        while rest >= 1 {
            time *= 2
            rest -= 1
        }
        return UInt64(time * (1 + rest) * 1000)
    }

    mutating func hexadecimal(_ digits: Int) -> String {
        let text = String(next(), radix: 16) + String(next(), radix: 16)
        return String(text.suffix(digits))
    }
}
