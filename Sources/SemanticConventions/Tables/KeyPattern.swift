/// A key with places that stand for indices or for a name: `gen_ai.prompt.{i}.role`,
/// `metadata.{key}`, `llm.{key}.choices`.
struct KeyPattern: Hashable, Sendable {
    /// What the places of a matched key held.
    struct Captures: Hashable, Sendable, Comparable {
        /// Indices in the order in which they stand in the key.
        var indices: [Int] = []
        var key = ""

        static func < (left: Captures, right: Captures) -> Bool {
            if left.indices != right.indices {
                return left.indices.lexicographicallyPrecedes(right.indices)
            }
            return left.key < right.key
        }
    }

    /// Larger indices are no indices: no library writes them, and attackers might.
    static let maximumIndex = 99_999

    let text: String
    /// The names of the indices in their order, such as ["i", "j"].
    let indexNames: [String]
    /// The pattern with `#` for each index; nil where a name stands in it.
    let shape: String?
    /// What stands before and after a name.
    let affixes: (prefix: String, suffix: String)?

    static func == (left: KeyPattern, right: KeyPattern) -> Bool { left.text == right.text }
    func hash(into hasher: inout Hasher) { hasher.combine(text) }

    /// Reads a pattern; nil where the text is a literal key or mixes indices and a name.
    init?(_ text: String) {
        self.text = text
        var names: [String] = []
        var segments: [String] = []
        for segment in text.split(separator: ".", omittingEmptySubsequences: false) {
            if ["{i}", "{j}", "{k}"].contains(segment) {
                names.append(String(segment.dropFirst().dropLast()))
                segments.append("#")
            } else {
                segments.append(String(segment))
            }
        }
        indexNames = names
        if let hole = text.range(of: "{key}") {
            guard names.isEmpty else { return nil }
            shape = nil
            affixes = (String(text[..<hole.lowerBound]), String(text[hole.upperBound...]))
        } else {
            guard !names.isEmpty else { return nil }
            shape = segments.joined(separator: ".")
            affixes = nil
        }
    }

    /// The shape of a key, with `#` for each segment of digits, and the digits' values; nil where
    /// the key has none.
    static func shape(of key: String) -> (shape: String, indices: [Int])? {
        var indices: [Int] = []
        var segments: [Substring] = []
        for segment in key.split(separator: ".", omittingEmptySubsequences: false) {
            if segment.utf8.allSatisfy({ (48...57).contains($0) }), segment.utf8.count <= 5,
                let index = Int(segment), index <= maximumIndex
            {
                indices.append(index)
                segments.append("#")
            } else {
                segments.append(segment)
            }
        }
        return indices.isEmpty ? nil : (segments.joined(separator: "."), indices)
    }

    /// The name that a key has where this pattern has `{key}`; nil where it does not match.
    func name(in key: String) -> String? {
        guard let affixes, key.hasPrefix(affixes.prefix), key.hasSuffix(affixes.suffix) else {
            return nil
        }
        let length = key.utf8.count - affixes.prefix.utf8.count - affixes.suffix.utf8.count
        guard length > 0 else { return nil }
        return String(
            decoding: key.utf8.dropFirst(affixes.prefix.utf8.count).prefix(length), as: UTF8.self)
    }
}

extension String {
    /// The first place of a text, without Foundation's meaning of equality.
    func range(of text: String) -> Range<Index>? {
        guard !text.isEmpty else { return nil }
        var start = startIndex
        while start < endIndex {
            if self[start...].utf8.starts(with: text.utf8) {
                return start..<utf8.index(start, offsetBy: text.utf8.count)
            }
            start = utf8.index(after: start)
        }
        return nil
    }
}
