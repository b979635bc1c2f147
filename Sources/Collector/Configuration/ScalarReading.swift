extension Duration {
    /// Reads a whole or decimal number with the unit ms, s, m or h, up to ten years.
    init?(configuration text: String) {
        let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)]
        for (unit, seconds) in units where text.hasSuffix(unit) {
            guard let number = Double(text.dropLast(unit.count)), number >= 0,
                number * seconds <= 10 * 366 * 86400
            else { return nil }
            self = .milliseconds(Int64(number * seconds * 1000))
            return
        }
        return nil
    }
}

/// Reads a number of bytes, plain or with the unit KiB, MiB or GiB.
func byteCount(_ text: String) -> Int? {
    let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("B", 1), ("", 1)]
    for (unit, factor) in units where text.hasSuffix(unit) {
        guard let number = Int(text.dropLast(unit.count).trimmed), number > 0 else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : bytes
    }
    return nil
}

extension StringProtocol {
    /// The text without spaces and tabs at its ends.
    var trimmed: SubSequence {
        let isBlank = { (character: Character) in character == " " || character == "\t" }
        guard let first = firstIndex(where: { !isBlank($0) }),
            let last = lastIndex(where: { !isBlank($0) })
        else { return self[endIndex..<endIndex] }
        return self[first...last]
    }
}
