internal import OTLP

extension RunKey {
    /// The run's id in the query API and in every database: parts are percent-encoded.
    ///
    /// `rollout/attempt`; `rollout/` for a rollout alone; `key=value` pairs joined by `&`; 32
    /// hexadecimal digits for a trace. No two runs share an id, and `init(id:)` reads it back.
    public var id: String {
        switch self {
        case .attempt(let rollout, let attempt):
            percentEncoded(rollout) + "/" + percentEncoded(attempt)
        case .rollout(let rollout):
            percentEncoded(rollout) + "/"
        case .keyed(let pairs):
            pairs.map { percentEncoded($0.key) + "=" + percentEncoded($0.value) }
                .joined(separator: "&")
        case .trace(let trace):
            trace.description
        }
    }

    /// Reads an id; nil for text that is none.
    public init?(id: String) {
        if let slash = id.utf8.firstIndex(of: UInt8(ascii: "/")) {
            let tail = id[id.utf8.index(after: slash)...]
            guard let rollout = percentDecoded(id[..<slash]), !rollout.isEmpty,
                let attempt = percentDecoded(tail)
            else { return nil }
            self =
                attempt.isEmpty ? .rollout(rollout) : .attempt(rollout: rollout, attempt: attempt)
        } else if id.utf8.contains(UInt8(ascii: "=")) {
            var pairs: [Pair] = []
            for text in id.utf8.split(
                separator: UInt8(ascii: "&"), omittingEmptySubsequences: false)
            {
                let sides = text.split(
                    separator: UInt8(ascii: "="), omittingEmptySubsequences: false)
                guard sides.count == 2, let key = percentDecoded(Substring(sides[0])),
                    let value = percentDecoded(Substring(sides[1])), !key.isEmpty, !value.isEmpty
                else { return nil }
                pairs.append(Pair(key, value))
            }
            self = .keyed(pairs)
        } else if let trace = TraceID(hexadecimal: id) {
            self = .trace(trace)
        } else {
            return nil
        }
    }
}

extension RunKey: CustomStringConvertible {
    public var description: String { id }
}

/// The unreserved characters of RFC 3986, section 2.3, stay as they are.
///
/// A part of dots alone is encoded too: clients take `.` and `..` out of paths.
private func percentEncoded(_ part: String) -> String {
    let isDots = part == "." || part == ".."
    var encoded: [UInt8] = []
    encoded.reserveCapacity(part.utf8.count)
    for byte in part.utf8 {
        if isUnreserved(byte) && !isDots {
            encoded.append(byte)
        } else {
            encoded.append(UInt8(ascii: "%"))
            encoded.append(hexadecimalDigit(of: byte >> 4))
            encoded.append(hexadecimalDigit(of: byte & 15))
        }
    }
    return String(decoding: encoded, as: UTF8.self)
}

/// Nil for a broken escape and for bytes that are not UTF-8 or not allowed unescaped.
private func percentDecoded(_ part: Substring) -> String? {
    var decoded: [UInt8] = []
    var rest = part.utf8
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%") {
            guard let high = rest.popFirst().flatMap(hexadecimalValue(of:)),
                let low = rest.popFirst().flatMap(hexadecimalValue(of:))
            else { return nil }
            decoded.append(high << 4 | low)
        } else {
            guard isUnreserved(byte) else { return nil }
            decoded.append(byte)
        }
    }
    return String(validating: decoded, as: UTF8.self)
}

private func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        true
    default: false
    }
}

private func hexadecimalValue(of digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}

/// Upper case, as RFC 3986, section 2.1, asks of escapes.
private func hexadecimalDigit(of nibble: UInt8) -> UInt8 {
    nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "A") + nibble - 10
}
