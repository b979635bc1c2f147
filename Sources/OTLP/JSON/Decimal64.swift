/// A decimal number with at most 64 bits of digits: `± magnitude × 10^exponent`.
///
/// It reads what JSON numbers and the texts that stand for them may look like, and says exactly
/// whether they are integers, as `42.0` and `1e3` are.
struct Decimal64: Sendable {
    private(set) var isNegative = false
    private(set) var magnitude: UInt64 = 0
    private(set) var exponent = 0

    /// Nil where the text is not a decimal number, or has more digits than 64 bits hold.
    init?(_ text: ArraySlice<UInt8>) {
        if let digits = Self.digits(text) {
            magnitude = digits
            return
        }
        var rest = text
        if rest.first == UInt8(ascii: "-") {
            isNegative = true
            rest.removeFirst()
        }
        guard readDigits(&rest, areFraction: false) else { return nil }
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            guard readDigits(&rest, areFraction: true) else { return nil }
        }
        if let byte = rest.first, byte | 0x20 == UInt8(ascii: "e") {
            rest.removeFirst()
            guard readExponent(&rest) else { return nil }
        }
        guard rest.isEmpty else { return nil }
    }

    /// The value of up to 19 digits, which 64 bits hold; nil for every other text.
    private static func digits(_ text: ArraySlice<UInt8>) -> UInt64? {
        guard (1...19).contains(text.count) else { return nil }
        var value: UInt64 = 0
        for byte in text {
            let digit = byte &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = value &* 10 &+ UInt64(digit)
        }
        return value
    }

    /// At least one digit. Zeros at the end of a fraction carry no value and are not counted.
    private mutating func readDigits(_ rest: inout ArraySlice<UInt8>, areFraction: Bool) -> Bool {
        var pendingZeros = 0
        let count = rest.count
        while let digit = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) {
            rest.removeFirst()
            if areFraction && digit == UInt8(ascii: "0") {
                pendingZeros += 1
                continue
            }
            for _ in 0..<pendingZeros where !append(0, isFraction: true) { return false }
            pendingZeros = 0
            guard append(UInt64(digit - UInt8(ascii: "0")), isFraction: areFraction) else {
                return false
            }
        }
        return rest.count < count
    }

    private mutating func append(_ digit: UInt64, isFraction: Bool) -> Bool {
        let (shifted, isOver) = magnitude.multipliedReportingOverflow(by: 10)
        let (sum, isOverToo) = shifted.addingReportingOverflow(digit)
        guard !isOver, !isOverToo else { return false }
        magnitude = sum
        if isFraction { exponent -= 1 }
        return true
    }

    private mutating func readExponent(_ rest: inout ArraySlice<UInt8>) -> Bool {
        var isNegativeExponent = false
        if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
            isNegativeExponent = sign == UInt8(ascii: "-")
            rest.removeFirst()
        }
        var written = 0
        let count = rest.count
        while let digit = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) {
            rest.removeFirst()
            // Beyond this no number with 20 digits is an integer or a double.
            written = min(written * 10 + Int(digit - UInt8(ascii: "0")), 1_000_000)
        }
        exponent += isNegativeExponent ? -written : written
        return rest.count < count
    }

    /// The absolute value where the number is an integer that fits.
    private var integralMagnitude: UInt64? {
        guard magnitude != 0 else { return 0 }
        var value = magnitude
        var rest = exponent
        while rest > 0 {
            let (scaled, isOver) = value.multipliedReportingOverflow(by: 10)
            if isOver { return nil }
            value = scaled
            rest -= 1
        }
        while rest < 0 {
            guard value % 10 == 0 else { return nil }
            value /= 10
            rest += 1
        }
        return value
    }

    /// The value where it is an integer from −2^63 to 2^63−1.
    var int64: Int64? {
        guard let magnitude = integralMagnitude else { return nil }
        guard isNegative else { return Int64(exactly: magnitude) }
        return magnitude <= 1 << 63 ? Int64(bitPattern: 0 &- magnitude) : nil
    }

    /// The value where it is an integer from 0 to 2^64−1.
    var uint64: UInt64? {
        guard let magnitude = integralMagnitude else { return nil }
        return isNegative && magnitude != 0 ? nil : magnitude
    }

    /// The nearest double, where one multiplication or division of exact doubles yields it.
    var exactDouble: Double? {
        guard magnitude <= 1 << 53, abs(exponent) <= 22 else { return nil }
        let value = Double(magnitude)
        var scale = 1.0
        for _ in 0..<abs(exponent) { scale *= 10 }
        let scaled = exponent < 0 ? value / scale : value * scale
        return isNegative ? -scaled : scaled
    }
}
