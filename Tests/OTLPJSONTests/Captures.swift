import TestSupport
import Compression
import Foundation
import OTLP

/// A trace export as a real library sent it.
struct Capture: Sendable, CustomStringConvertible {
    var name: String
    var isJSON: Bool
    /// Without compression.
    var body: [UInt8]
    var description: String { name }

    private struct Headers: Decodable {
        var path: String
        var headers: [[String]]

        func value(of name: String) -> String {
            headers.first { $0[0].lowercased() == name }?[1] ?? ""
        }
    }

    static func all() throws -> [Capture] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/captures")
        var captures: [Capture] = []
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        while let file = files?.nextObject() as? URL {
            guard file.pathExtension == "bin" else { continue }
            let headersFile = file.deletingPathExtension().appendingPathExtension("headers.json")
            let headers = try JSONDecoder().decode(
                Headers.self, from: try Data(contentsOf: headersFile))
            guard headers.path.hasSuffix("/traces") else { continue }
            guard let encoding = ContentEncoding(header: headers.value(of: "content-encoding"))
            else { continue }
            let body = try inflate(
                [UInt8](Data(contentsOf: file)), encoding: encoding, limit: 64 << 20)
            let name =
                file.deletingLastPathComponent().lastPathComponent + "/" + file.lastPathComponent
            captures.append(
                Capture(
                    name: name,
                    isJSON: headers.value(of: "content-type").hasPrefix("application/json"),
                    body: body))
        }
        return captures.sorted { $0.name < $1.name }
    }
}
