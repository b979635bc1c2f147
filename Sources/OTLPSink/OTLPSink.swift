import Foundation
import Mending
import OTLP
import OpenInference
public import Sinks

/// Forwards runs to any backend that takes OTLP/HTTP.
public final class OTLPSink: TraceSink {
    public struct Configuration: Sendable {
        public var name: String
        public var client: OTLPClient.Configuration
        public var dialect: Dialect
        /// Of one request before compression; a single span may exceed it.
        public var maximumRequestBytes: Int

        /// - Parameter maximumRequestBytes: 4 MiB unless told, the least that common backends take.
        public init(
            name: String = "otlp", client: OTLPClient.Configuration,
            dialect: Dialect = .canonical, maximumRequestBytes: Int = 4 << 20
        ) {
            self.name = name
            self.client = client
            self.dialect = dialect
            self.maximumRequestBytes = maximumRequestBytes
        }
    }

    /// The words that the backend reads.
    public enum Dialect: String, CaseIterable, Sendable {
        /// Those of OpenTelemetry's GenAI conventions.
        case canonical
        /// Those of OpenInference, which Phoenix and Arize read.
        case openInference = "openinference"
    }

    public let name: String
    public var mode: SinkMode { .appending }

    private let client: OTLPClient
    private let dialect: Dialect
    private let maximumRequestBytes: Int
    private let warn: @Sendable (SinkWarning) -> Void

    /// - Parameter warn: hears what the peer says about requests that it took.
    public init(
        _ configuration: Configuration, warn: @escaping @Sendable (SinkWarning) -> Void
    ) throws(OTLPClient.EndpointError) {
        name = configuration.name
        dialect = configuration.dialect
        maximumRequestBytes = configuration.maximumRequestBytes
        client = try OTLPClient(configuration.client)
        self.warn = warn
    }

    /// Sends what the revision holds, in as many requests as its size asks for.
    ///
    /// When one of several requests fails, all come again with the next try: the peer sees some
    /// spans twice.
    public func deliver(_ revision: Revision) async throws(SinkError) {
        let requests: [[UInt8]]
        do {
            var batch = revision.run.batch
            batch.nameRollout(of: revision)
            if dialect == .openInference { batch.writeAsOpenInference() }
            requests = try batch.requests(limit: maximumRequestBytes)
        } catch {
            throw .permanent(reason: "the run exceeds 2 GiB")
        }
        for request in requests {
            let answer = try await client.post(request)
            if let failure = answer.failure(now: Int64(Date().timeIntervalSince1970)) {
                throw failure
            }
            if let warning = answer.warning(sink: name, runID: revision.runID) { warn(warning) }
        }
    }

    public func close() async throws {
        try await client.shutdown()
    }
}

extension TraceBatch {
    /// Carries the run's ids on in the resources: they may have come in a path or in headers, which
    /// the backend does not see.
    mutating func nameRollout(of revision: Revision) {
        let names = [
            ("agentlightning.rollout_id", revision.rolloutID),
            ("agentlightning.attempt_id", revision.attemptID),
        ]
        for index in resources.indices {
            for case (let key, let value?) in names {
                resources[index].attributes = set(
                    key, .string(value), in: resources[index].attributes)
                resources[index].hasResource = true
            }
        }
    }
}

extension Answer {
    /// What a successful answer complains about; nil where it took everything without a word.
    ///
    /// Rejected spans are never sent again: the specification forbids it.
    public func warning(sink: String, runID: String) -> SinkWarning? {
        guard !body.isEmpty else { return nil }
        let response: ExportTraceServiceResponse
        do {
            response =
                mediaType == "application/json"
                ? try ExportTraceServiceResponse(json: body)
                : try ExportTraceServiceResponse(protobuf: body)
        } catch {
            return SinkWarning(
                sink: sink, runID: runID, message: "HTTP \(status), but the answer is none of OTLP")
        }
        guard !response.isFullSuccess else { return nil }
        return SinkWarning(
            sink: sink, runID: runID, rejectedSpans: response.rejectedSpans,
            message: response.errorMessage)
    }
}
