/// Masks the members of structures that are written as text: JSON, JSON within JSON, and what
/// Python's `repr` writes.
///
/// Nothing is parsed: a quoted name before a colon, and a quoted text or a number after it, are the
/// same in all of them. So text that was cut off is masked as well.
struct TextMask: Sendable {
    let names: CredentialNames

    /// The text without credentials; nil where it has none.
    /// - Complexity: linear in the text.
    func masked(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard let first = text.first(where: { !$0.isSpace }), first.isStructure else { return nil }
        var masked: [UInt8] = []
        var copied = text.startIndex
        var place = text.startIndex
        while let mark = text[place...].firstIndex(where: \.isSeparator) {
            place = mark + 1
            guard let name = name(before: mark, in: text, from: copied) else { continue }
            let isPair = text[mark] == UInt8(ascii: ",")
            guard isPair ? isHeader(name, in: text) : names.contains(text[name]) else { continue }
            for value in values(after: mark, isPair: isPair, in: text) {
                // A number's place takes a number, however deep in texts it stands.
                let mask = text[value.lowerBound - 1].isQuote ? CredentialMask.mask : "0"
                if text[value].elementsEqual(mask.utf8) { continue }
                masked += text[copied..<value.lowerBound]
                masked += mask.utf8
                copied = value.upperBound
                place = max(place, copied)
            }
        }
        guard copied > text.startIndex else { return nil }
        return masked + text[copied...]
    }

    /// Names are shorter.
    private static let longestName = 128

    /// The quoted text that ends before a separator.
    private func name(
        before mark: Int, in text: ArraySlice<UInt8>, from start: Int
    ) -> Range<Int>? {
        var end = mark
        while end > start, text[end - 1].isSpace { end -= 1 }
        guard end > start, text[end - 1].isQuote else { return nil }
        let quote = text[end - 1]
        end -= 1
        // Of JSON in JSON, quotation marks are escaped.
        while end > start, text[end - 1] == UInt8(ascii: "\\") { end -= 1 }
        let earliest = max(start, end - Self.longestName)
        guard let open = text[earliest..<end].lastIndex(of: quote) else { return nil }
        return open + 1 < end ? open + 1..<end : nil
    }

    /// The name is the first of a pair, as some record headers.
    private func isHeader(_ name: Range<Int>, in text: ArraySlice<UInt8>) -> Bool {
        guard names.containsHeader(text[name]) else { return false }
        var place = name.lowerBound - 2
        while place >= text.startIndex,
            text[place].isSpace || text[place] == UInt8(ascii: "\\")
                || text[place] == UInt8(ascii: "b")
        {
            place -= 1
        }
        return place >= text.startIndex && text[place].isOpening
    }

    /// What stands between the quotation marks after a separator, or the number there; of a list,
    /// what its elements have.
    private func values(
        after mark: Int, isPair: Bool, in text: ArraySlice<UInt8>
    ) -> [Range<Int>] {
        var place = mark + 1
        func skipSpace() { while place < text.endIndex, text[place].isSpace { place += 1 } }
        skipSpace()
        guard place < text.endIndex else { return [] }
        if isPair {
            guard let value = value(at: place, in: text) else { return [] }
            place = value.end
            skipSpace()
            let ends = place == text.endIndex || text[place].isClosing
            return ends ? [value.range] : []
        }
        if text[place].isOpening {
            var found: [Range<Int>] = []
            place += 1
            while true {
                skipSpace()
                guard let value = value(at: place, in: text) else { return found }
                found.append(value.range)
                place = value.end
                skipSpace()
                guard place < text.endIndex, text[place] == UInt8(ascii: ",") else { return found }
                place += 1
            }
        }
        return value(at: place, in: text).map { [$0.range] } ?? []
    }

    private func value(
        at start: Int, in text: ArraySlice<UInt8>
    ) -> (range: Range<Int>, end: Int)? {
        var place = start
        // Python writes b'…' for bytes.
        if place < text.endIndex, text[place] == UInt8(ascii: "b") { place += 1 }
        var escapes = 0
        while place < text.endIndex, text[place] == UInt8(ascii: "\\") {
            escapes += 1
            place += 1
        }
        guard place < text.endIndex else { return nil }
        let quote = text[place]
        guard quote.isQuote else {
            guard quote.isDigit else { return nil }
            var end = place
            while end < text.endIndex, text[end].isDigit { end += 1 }
            return (place..<end, end)
        }
        let first = place + 1
        place = first
        var backslashes = 0
        while place < text.endIndex {
            let byte = text[place]
            if byte == quote, escapes == 0 ? backslashes % 2 == 0 : backslashes <= escapes {
                let end = escapes == 0 ? place : place - backslashes
                return end > first ? (first..<end, place + 1) : nil
            }
            backslashes = byte == UInt8(ascii: "\\") ? backslashes + 1 : 0
            place += 1
        }
        // The text was cut off.
        return first < text.endIndex ? (first..<text.endIndex, text.endIndex) : nil
    }
}

extension CredentialNames {
    /// Whether nested values may hold a credential, so that they are worth reading.
    func mayOccur(in bytes: ArraySlice<UInt8>) -> Bool {
        if hasPatterns { return true }
        var last: UInt8 = 0
        for byte in bytes {
            let byte = byte.lowercase
            switch (last, byte) {
            // authorization, api key, password, secret, credential, cookie, token, connection string
            case (UInt8(ascii: "t"), UInt8(ascii: "h")), (UInt8(ascii: "e"), UInt8(ascii: "y")),
                (UInt8(ascii: "p"), UInt8(ascii: "a")), (UInt8(ascii: "c"), UInt8(ascii: "r")),
                (UInt8(ascii: "i"), UInt8(ascii: "e")), (UInt8(ascii: "o"), UInt8(ascii: "k")),
                (UInt8(ascii: "n"), UInt8(ascii: "g")):
                return true
            default: last = byte
            }
        }
        return false
    }
}

extension UInt8 {
    fileprivate var isSpace: Bool { self == 32 || (9...13).contains(self) }
    fileprivate var isDigit: Bool { (48...57).contains(self) }
    fileprivate var isQuote: Bool { self == UInt8(ascii: "\"") || self == UInt8(ascii: "'") }
    fileprivate var isSeparator: Bool { self == UInt8(ascii: ":") || self == UInt8(ascii: ",") }
    fileprivate var isOpening: Bool { self == UInt8(ascii: "[") || self == UInt8(ascii: "(") }
    fileprivate var isClosing: Bool { self == UInt8(ascii: "]") || self == UInt8(ascii: ")") }
    fileprivate var isStructure: Bool { isOpening || self == UInt8(ascii: "{") }
}
