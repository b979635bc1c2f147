import Collector
import Foundation

/// The tokens of a listener: a request must show one of them, unless there are none.
struct AccessTokens: Sendable {
    private let tokens: [Secret]

    init(_ tokens: [Secret]) {
        self.tokens = tokens
    }

    var isEmpty: Bool { tokens.isEmpty }

    /// Whether an `Authorization` header shows one of the tokens; every one is compared, in constant
    /// time.
    func admit(_ authorization: String?) -> Bool {
        guard !tokens.isEmpty else { return true }
        guard let shown = Self.shown(by: authorization ?? "") else { return false }
        return tokens.map { Self.areEqual(shown, $0.value) }.contains(true)
    }

    /// The token as a bearer's, or as the password of basic authentication: clients that cannot set
    /// headers, such as Agent-lightning's, send what stands before the host of their URL so.
    ///
    /// The scheme's case counts for nothing. Source: RFC 9110, section 11.1; RFC 7617, section 2.
    private static func shown(by authorization: String) -> String? {
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        switch parts[0].lowercased() {
        case "bearer": return String(parts[1])
        case "basic":
            guard let decoded = Data(base64Encoded: String(parts[1])),
                let colon = decoded.firstIndex(of: UInt8(ascii: ":"))
            else { return nil }
            return String(decoding: decoded[decoded.index(after: colon)...], as: UTF8.self)
        default: return nil
        }
    }

    /// Compares without telling by its duration where the texts differ.
    private static func areEqual(_ left: String, _ right: String) -> Bool {
        let (a, b) = (Array(left.utf8), Array(right.utf8))
        var difference = a.count ^ b.count
        for (index, byte) in a.enumerated() {
            difference |= Int(byte ^ (b.isEmpty ? 0 : b[index % b.count]))
        }
        return difference == 0
    }
}
