import ArgumentParser
import Compression
import OTLP

struct Send: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Post export requests to a collector.",
        discussion: """
            Example:
              tracemend send request.bin
              tracemend send --rollout ro-1 --attempt at-1 captures/*.bin
            """)

    @Option(help: "An OTLP/HTTP endpoint; /v1/traces or /v1/logs is added.")
    var endpoint = "http://127.0.0.1:4318"

    @Option(help: "The rollout that the spans belong to.")
    var rollout: String?

    @Option(help: "The attempt that the spans belong to.")
    var attempt: String?

    @Argument(help: "Request bodies: protobuf or JSON, plain, gzip or zlib; - is standard input.")
    var files: [String]

    func validate() throws {
        guard !files.isEmpty else { throw ValidationError("name at least one FILE") }
        guard attempt == nil || rollout != nil else {
            throw ValidationError("--attempt goes with --rollout")
        }
    }

    func run() async throws {
        for file in files { try await send(try RequestFile(file)) }
    }

    private func send(_ file: RequestFile) async throws {
        let decoded = try file.decoded()
        let format = decoded.format
        let path =
            switch decoded.request {
            case .traces: "/v1/traces"
            case .logs: "/v1/logs"
            }
        var headers = ["Content-Type": format.mediaType]
        if file.compression != .identity {
            headers["Content-Encoding"] = file.compression.rawValue
        }
        if let rollout { headers["x-rollout-id"] = rollout }
        if let attempt { headers["x-attempt-id"] = attempt }
        let base = endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
        let (status, body) = try await request(
            "POST", base + path, headers: headers, body: file.bytes, timeout: .seconds(60))
        guard status == 200 else {
            throw Failure("\(file.name): answered \(status): \(message(body, format))")
        }
        let response = try response(body, format)
        if response.rejectedSpans > 0 {
            throw Failure(
                "\(file.name): \(response.rejectedSpans) spans rejected: \(response.errorMessage)")
        }
        if !response.errorMessage.isEmpty { tell("\(file.name): \(response.errorMessage)") }
    }

    private func message(_ body: [UInt8], _ format: BodyFormat) -> String {
        let status =
            format == .json ? try? RPCStatus(json: body) : try? RPCStatus(protobuf: body)
        return status?.message ?? String(decoding: body, as: UTF8.self)
    }

    private func response(
        _ body: [UInt8], _ format: BodyFormat
    ) throws -> ExportTraceServiceResponse {
        format == .json
            ? try ExportTraceServiceResponse(json: body)
            : try ExportTraceServiceResponse(protobuf: body)
    }
}
