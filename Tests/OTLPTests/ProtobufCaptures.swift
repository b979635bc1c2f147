import TestSupport
import Foundation
import OTLP
import Testing

/// A request body that a real library sent.
struct Capture: CustomTestStringConvertible {
    var name: String
    var body: [UInt8]

    var testDescription: String { name }

    /// The trace exports in protobuf that were not compressed.
    static let plainProtobuf: [Capture] = load { headers, path in
        headers["content-type"] == "application/x-protobuf"
            && (headers["content-encoding"] ?? "identity") == "identity"
            && path.hasSuffix("/v1/traces")
    }

    /// The log exports in protobuf.
    static let logs: [Capture] = load { headers, path in
        headers["content-type"] == "application/x-protobuf" && path.hasSuffix("/v1/logs")
    }

    static var fixtures: URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures")
    }

    private struct Headers: Decodable {
        var path: String
        var headers: [[String]]
    }

    private static func load(where isWanted: ([String: String], String) -> Bool) -> [Capture] {
        let root = fixtures.appending(path: "captures")
        let names = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String }
        return (names ?? []).filter { $0.hasSuffix(".headers.json") }.sorted().compactMap { name in
            let file = root.appending(path: name)
            let stem = name.dropLast(".headers.json".count)
            guard let text = try? Data(contentsOf: file),
                let request = try? JSONDecoder().decode(Headers.self, from: text),
                let body = try? Data(contentsOf: root.appending(path: "\(stem).bin"))
            else { return nil }
            let headers = Dictionary(
                request.headers.map { ($0[0].lowercased(), $0[1]) }, uniquingKeysWith: { $1 })
            guard isWanted(headers, request.path) else { return nil }
            return Capture(name: String(stem), body: Array(body))
        }
    }
}
