/// Tells by its name whether an attribute, a header or a member of a document is a credential.
///
/// The last words of the name count, whatever stands between them and however they are capitalised:
/// `crewai.llm.api_key`, `http.request.header.x-api-key` and `openaiApiKey` all end with the words
/// "api key". A count such as `llm.token_count` or `max_tokens` is none.
public struct CredentialNames: Sendable {
    /// Lower-case words at the end of names, without anything between them.
    private static let words: [[UInt8]] = [
        "authorization", "apikey", "accesskey", "accesskeyid", "secretkey", "privatekey",
        "signingkey", "password", "passwd", "passphrase", "secret", "credential", "credentials",
        "cookie", "accesstoken", "refreshtoken", "idtoken", "authtoken", "sessiontoken",
        "securitytoken", "bearertoken", "apitoken", "connectionstring",
    ].map { Array($0.utf8) }

    private static let headers: [[UInt8]] = ["authorization", "cookie", "apikey"].map {
        Array($0.utf8)
    }

    let patterns: [[UInt8]]

    /// - Parameter additional: names beside the built-in ones, in any capitals; `*` stands for any
    ///   characters, so that `acme.*.pin` is the PIN of anything of acme's.
    public init(additional: [String] = []) {
        patterns = additional.map { Array($0.utf8).map(\.lowercase) }
    }

    var hasPatterns: Bool { !patterns.isEmpty }

    /// Whether the bytes of a name say that its value is a credential.
    /// - Complexity: linear in the name.
    public func contains(_ name: ArraySlice<UInt8>) -> Bool {
        guard let last = name.last else { return false }
        for word in Self.words where word.last == last.lowercase {
            if ends(name, with: word) { return true }
        }
        return patterns.contains { matches(name, $0) }
    }

    /// Whether the name is that of a header, so that two texts side by side are name and value.
    func containsHeader(_ name: ArraySlice<UInt8>) -> Bool {
        Self.headers.contains { ends(name, with: $0) }
    }

    private func ends(_ name: ArraySlice<UInt8>, with word: [UInt8]) -> Bool {
        var place = word.count
        for byte in name.reversed() {
            if byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
                || byte == UInt8(ascii: " ")
            {
                continue
            }
            guard byte.lowercase == word[place - 1] else { return false }
            place -= 1
            if place == 0 { return true }
        }
        return false
    }

    /// Whether a whole name matches a pattern, with the usual walk back to the last `*`.
    private func matches(_ name: ArraySlice<UInt8>, _ pattern: [UInt8]) -> Bool {
        var (place, wanted) = (name.startIndex, 0)
        var star: (wanted: Int, place: Int)?
        while place < name.endIndex {
            if wanted < pattern.count, pattern[wanted] == UInt8(ascii: "*") {
                star = (wanted, place)
                wanted += 1
            } else if wanted < pattern.count, pattern[wanted] == name[place].lowercase {
                wanted += 1
                place += 1
            } else if let last = star {
                wanted = last.wanted + 1
                place = last.place + 1
                star = (last.wanted, place)
            } else {
                return false
            }
        }
        return pattern[wanted...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

extension UInt8 {
    /// The small letter of an ASCII capital; other bytes as they are.
    var lowercase: UInt8 { (65...90).contains(self) ? self | 0x20 : self }
}
