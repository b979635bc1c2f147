import Compression
import Foundation
import OTLP

/// Real exports, as batches.
enum Captures {
    /// The spans of all requests of a capture, as one run.
    static func run(_ name: String, keys: KeyTable = .none) throws -> TraceBatch {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/captures/\(name)")
        let bodies = try FileManager.default
            .contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "bin" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
        var gatherer = TraceBatchGatherer(keys: keys)
        for body in bodies {
            var bytes = [UInt8](try Data(contentsOf: body))
            if bytes.starts(with: [0x1F, 0x8B]) {
                bytes = try inflate(bytes, encoding: .gzip, limit: 1 << 24)
            }
            let batch = try TraceBatch(protobuf: bytes, keys: keys)
            try gatherer.add(spans: batch.spans.indices, of: batch)
        }
        return gatherer.finish()
    }
}
