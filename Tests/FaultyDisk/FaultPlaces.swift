internal import Foundation

/// The places of a piece of work at which a fault can come: its first operation, its second …
///
/// A usual run tries some from here and there, the early ones more densely;
/// `TRACEMEND_TORTURE=yes` tries them all.
public struct FaultPlaces: Sendable {
    private let name: String
    private let isTorture: Bool
    public let seed: UInt64

    /// - Parameter name: printed with the seed, which `TRACEMEND_SEED` sets.
    public init(_ name: String) {
        let environment = ProcessInfo.processInfo.environment
        self.name = name
        isTorture = environment["TRACEMEND_TORTURE"] == "yes"
        seed = environment["TRACEMEND_SEED"].flatMap { UInt64($0) } ?? .random(in: 1...UInt64.max)
    }

    /// Tries one place after the other, until the work comes to its end before the fault.
    /// - Parameter body: gets the place, from 1, and a seed other than 0; returns whether the fault
    ///   came.
    public func forEach(
        _ body: (_ place: Int, _ seed: UInt64) async throws -> Bool
    ) async throws {
        var state = seed
        var place = 1
        var tried = 0
        while try await body(place, next(&state)) {
            tried += 1
            let step = UInt64(8 + place / 2)
            place += isTorture ? 1 : Int(1 + next(&state) % step)
        }
        print("faults: \(name), seed \(seed): \(tried) places of \(place - 1) tried")
        guard tried > 0 else { throw NoFault(seed: seed) }
    }

    /// SplitMix64, which never stands still.
    private func next(_ state: inout UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return max(1, value ^ value >> 31)
    }
}

/// The work never came to the operation that was to fail.
public struct NoFault: Error {
    public let seed: UInt64
}
