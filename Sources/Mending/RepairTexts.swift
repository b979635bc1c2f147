import HierarchyRepair
import OTLP

/// The texts by which one span of a run may be told to belong to another: ids, names, messages,
/// results, as hashes.
///
/// Which of them are rare, and so say something, the repair finds out: no key is special.
enum RepairTexts {
    /// Shorter texts are words, not ids.
    private static let minimumLength = 6
    /// What is read of one document.
    private static let maximumLength = 65_536

    /// Hashes of a span's texts, at most 256, with repetitions.
    static func of(_ span: Int, in batch: TraceBatch) -> [UInt64] {
        var found: [UInt64] = []
        for attribute in batch.attributes(batch.spans[span].attributes) {
            guard case .string(let slice) = attribute.value else { continue }
            let text = batch.bytes(slice).prefix(maximumLength)
            guard text.count >= minimumLength else { continue }
            if text.first == UInt8(ascii: "{") || text.first == UInt8(ascii: "[") {
                addStrings(of: text, to: &found)
            } else {
                found.append(hash(text))
            }
            if found.count >= 256 { break }
        }
        return found
    }

    private static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash = StableHash()
        hash.combine(bytes: bytes)
        return hash.value
    }

    /// The string values of a JSON document; it need not be a valid one.
    private static func addStrings(of text: ArraySlice<UInt8>, to found: inout [UInt64]) {
        let quote = UInt8(ascii: "\"")
        var place = text.startIndex
        while let open = text[place...].firstIndex(of: quote), found.count < 256 {
            var hash = StableHash()
            var length = 0
            var next = open + 1
            while next < text.endIndex, text[next] != quote {
                if text[next] == UInt8(ascii: "\\"), next + 1 < text.endIndex {
                    next += 1
                    hash.combine(byte: unescaped(text[next]))
                } else {
                    hash.combine(byte: text[next])
                }
                length += 1
                next += 1
            }
            guard next < text.endIndex else { return }
            place = next + 1
            while place < text.endIndex, text[place] == UInt8(ascii: " ") { place += 1 }
            let isKey = place < text.endIndex && text[place] == UInt8(ascii: ":")
            if !isKey && length >= minimumLength { found.append(hash.value) }
        }
    }

    private static func unescaped(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "n"): UInt8(ascii: "\n")
        case UInt8(ascii: "t"): UInt8(ascii: "\t")
        case UInt8(ascii: "r"): UInt8(ascii: "\r")
        default: byte
        }
    }
}
