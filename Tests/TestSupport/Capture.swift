import Compression
public import Foundation
public import OTLP

/// A program's export requests as a real library sent them.
public struct Capture: Sendable, CustomStringConvertible {
    public let name: String

    public init(_ name: String) { self.name = name }

    public var description: String { name }

    public static let all: [Capture] = {
        do {
            let names = try FileManager.default.contentsOfDirectory(atPath: root.path)
            return names.sorted().map { Capture($0) }
        } catch {
            preconditionFailure("expected the captures in \(root.path): \(error)")
        }
    }()

    private static var root: URL { Fixtures.folder.appending(path: "captures") }

    /// The bodies in the order in which they came, inflated.
    public func bodies() throws -> [[UInt8]] {
        let folder = Self.root.appending(path: name)
        return try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".bin") }.sorted()
            .map { file in
                let body = Array(try Data(contentsOf: folder.appending(path: file)))
                return try inflate(
                    body, encoding: ContentEncoding(detecting: body), limit: 64 << 20)
            }
    }

    /// All spans of all requests in one batch.
    public func batch(keys: KeyTable = .none) throws -> TraceBatch {
        var gatherer = TraceBatchGatherer(keys: keys)
        for body in try bodies() {
            let batch = try TraceBatch.detectingFormat(of: body, keys: keys).batch
            try gatherer.add(spans: batch.spans.indices, of: batch)
        }
        return gatherer.finish()
    }
}

/// Where the files lie that tests of several targets read.
public enum Fixtures {
    public static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fixtures")
}

extension TraceBatch {
    /// A span's attributes by key; where a key repeats, the last one.
    public func attributes(ofSpan span: Int) -> [String: AnyValue] {
        Dictionary(
            keyValues(spans[span].attributes).map { ($0.key, $0.value) },
            uniquingKeysWith: { $1 })
    }
}
