import Compression
public import Foundation
import OTLP

/// A request body to measure with.
public struct Body {
    public static let names = ["batch512", "llm64", "llm64-ascii", "llm64-mixed", "wide"]

    public var name: String
    public var bytes: [UInt8]

    /// - Parameter folder: where `NAME.pb.gz` lie. Of `llm64`, in which one character in two hundred
    ///   is not ASCII, two are derived that differ from it in nothing but texts: in `llm64-ascii` all
    ///   are ASCII, in `llm64-mixed` half of the bytes are not.
    public init(_ name: String, in folder: URL) throws {
        self.name = name
        let parts = name.split(separator: "-", maxSplits: 1)
        let data = try Data(contentsOf: folder.appending(path: "\(parts[0]).pb.gz"))
        bytes = try inflate(Array(data), encoding: .gzip, limit: 64 << 20)
        guard parts.count == 2 else { return }
        let replacement = Array((parts[1] == "mixed" ? "Grüße aus 東京 und Łódź 😀, " : "?").utf8)
        try replaceTexts { byte in
            parts[1] == "mixed" || byte >= 0x80 ? replacement : nil
        }
    }

    /// Writes over texts, byte by byte, what is to stand there; what does not fit becomes `?`.
    private mutating func replaceTexts(by replacement: (UInt8) -> [UInt8]?) throws {
        for attribute in try TraceBatch(protobuf: bytes).attributes {
            guard case .string(let slice) = attribute.value else { continue }
            var place = Int(slice.offset)
            let end = Int(slice.offset + slice.length)
            while place < end {
                let text = replacement(bytes[place]) ?? [bytes[place]]
                guard end - place >= text.count else {
                    for rest in place..<end { bytes[rest] = UInt8(ascii: "?") }
                    break
                }
                bytes.replaceSubrange(place..<place + text.count, with: text)
                place += text.count
            }
        }
    }
}
