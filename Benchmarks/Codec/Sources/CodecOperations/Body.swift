import Compression
public import Foundation
import OTLP

/// A request body to measure with.
public struct Body {
    public static let names = ["batch512", "llm64", "llm64-ascii", "wide"]

    public var name: String
    public var bytes: [UInt8]

    /// - Parameter folder: where `NAME.pb.gz` lie. `llm64-ascii` is `llm64` with a question mark for
    ///   each byte of its texts that is not ASCII, so that nothing else differs.
    public init(_ name: String, in folder: URL) throws {
        self.name = name
        let isASCII = name == "llm64-ascii"
        let data = try Data(
            contentsOf: folder.appending(path: "\(isASCII ? "llm64" : name).pb.gz"))
        bytes = try inflate(Array(data), encoding: .gzip, limit: 64 << 20)
        if isASCII { try makeTextsASCII() }
    }

    private mutating func makeTextsASCII() throws {
        for attribute in try TraceBatch(protobuf: bytes).attributes {
            guard case .string(let slice) = attribute.value else { continue }
            for place in Int(slice.offset)..<Int(slice.offset + slice.length)
            where bytes[place] >= 0x80 {
                bytes[place] = UInt8(ascii: "?")
            }
        }
    }
}
