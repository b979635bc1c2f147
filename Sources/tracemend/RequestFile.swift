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

    var compression: ContentEncoding { ContentEncoding(detecting: bytes) }

    /// A request and how it is encoded.
    struct Decoded {
        enum Request {
            case traces(TraceBatch)
            case logs(LogBatch)
        }

        var request: Request
        var format: BodyFormat
    }

    /// The request that the file holds, of the trace service or of the log service.
    ///
    /// The two are nearly one message, so that each may pass for the other: it is a request for
    /// logs where no span in it has ids, and the log records in it say something.
    func decoded(keys: KeyTable = .none) throws -> Decoded {
        do {
            let plain = try inflate(bytes, encoding: compression, limit: Limits().bodyBytes)
            let traces = Result { try TraceBatch.detectingFormat(of: plain, keys: keys) }
            if case .success(let found) = traces,
                found.batch.spans.contains(where: { $0.spanID.isValid })
            {
                return Decoded(request: .traces(found.batch), format: found.format)
            }
            if let found = try? LogBatch.detectingFormat(of: plain, keys: keys),
                found.batch.records.contains(where: \.saysSomething)
            {
                return Decoded(request: .logs(found.batch), format: found.format)
            }
            let found = try traces.get()
            return Decoded(request: .traces(found.batch), format: found.format)
        } catch {
            throw Failure("\(name): \(error)")
        }
    }
}

extension LogRecord {
    fileprivate var saysSomething: Bool {
        if timeUnixNano > 0 || observedTimeUnixNano > 0 || !eventName.isEmpty { return true }
        if case .empty = body { return false }
        return true
    }
}
