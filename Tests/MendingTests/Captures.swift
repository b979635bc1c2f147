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
            let batch = try TraceBatch(protobuf: [UInt8](Data(contentsOf: body)), keys: keys)
            try gatherer.add(spans: batch.spans.indices, of: batch)
        }
        return gatherer.finish()
    }
}
