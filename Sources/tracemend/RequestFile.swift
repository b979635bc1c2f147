import Collector
import Compression
import Foundation
import OTLP

/// A file that holds one export request: protobuf or JSON, plain, gzip or zlib, told apart by its
/// content. `-` is standard input.
struct RequestFile {
    let name: String
    /// The bytes as they are in the file.
    let bytes: [UInt8]

    init(_ name: String) throws {
        self.name = name == "-" ? "standard input" : name
        do {
            let data =
                name == "-"
                ? try FileHandle.standardInput.readToEnd() ?? Data()
                : try Data(contentsOf: URL(filePath: name))
            bytes = Array(data)
        } catch {
            let reason = (error as NSError).localizedFailureReason ?? error.localizedDescription
            throw Failure("\(self.name): cannot be read: \(reason)")
        }
    }

    /// The request, without the spans whose ids cannot be used when `isSanitized`.
    func batch(keys: KeyTable = .none) throws -> TraceBatch {
        do {
            return try decodeDetectingFormat(bytes, limit: Limits().bodyBytes, keys: keys)
        } catch {
            throw Failure("\(name): \(error)")
        }
    }
}
