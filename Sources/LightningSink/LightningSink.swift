import Foundation
import Mending
import OTLP
public import OTLPSink
public import Sinks

/// Delivers runs to Agent-lightning's LightningStore.
///
/// One run is one request: the store takes a request's runs one after the other, so a bad one in
/// the middle would leave a part behind.
public final class LightningSink: TraceSink {
    public struct Configuration: Sendable {
        public var name: String
        /// The store's root, such as `http://localhost:4747`.
        public var url: String
        /// Sent with every request, in order.
        public var headers: [(name: String, value: String)]
        /// For one request, from connecting to the end of the answer.
        public var timeout: Duration

        public init(
            name: String = "lightning", url: String,
            headers: [(name: String, value: String)] = [], timeout: Duration = .seconds(30)
        ) {
            self.name = name
            self.url = url
            self.headers = headers
            self.timeout = timeout
        }
    }

    public let name: String
    public var mode: SinkMode { .appending }

    private let client: OTLPClient
    private let healthURL: String
    private let warn: @Sendable (SinkWarning) -> Void

    /// - Parameter warn: hears of spans that the store would lose, and are not sent.
    public init(
        _ configuration: Configuration, warn: @escaping @Sendable (SinkWarning) -> Void
    ) throws(OTLPClient.EndpointError) {
        name = configuration.name
        var root = configuration.url[...]
        while root.hasSuffix("/") { root.removeLast() }
        healthURL = root + "/v1/agl/health"
        client = try OTLPClient(
            OTLPClient.Configuration(
                endpoint: root + "/v1/traces", headers: configuration.headers,
                timeout: configuration.timeout))
        self.warn = warn
    }

    /// A run without rollout or attempt is not for this store.
    public func wants(_ revision: Revision) -> Bool {
        revision.rolloutID?.isEmpty == false && revision.attemptID?.isEmpty == false
    }

    /// Sends the revision's spans.
    ///
    /// The store answers 500 for a value it cannot take and for a rollout it does not know, and
    /// also when it is in trouble; its health tells the one from the other.
    public func deliver(_ revision: Revision) async throws(SinkError) {
        guard let rolloutID = revision.rolloutID, !rolloutID.isEmpty,
            let attemptID = revision.attemptID, !attemptID.isEmpty
        else { return }
        var request = StoreRequest(rolloutID: rolloutID, attemptID: attemptID)
        request.add(revision.run)
        if let message = request.omissions {
            warn(
                SinkWarning(
                    sink: name, runID: revision.runID, rejectedSpans: Int64(request.omitted),
                    message: message))
        }
        guard !request.batch.spans.isEmpty else { return }
        let answer = try await client.post(request.batch.protobuf())
        guard let failure = answer.failure(now: Int64(Date().timeIntervalSince1970)) else { return }
        if answer.status == 500, !(try await isHealthy()) {
            throw .retryable(reason: "\(answer.reason), and the store is not healthy", after: nil)
        }
        throw failure
    }

    public func close() async throws {
        try await client.shutdown()
    }

    private func isHealthy() async throws(SinkError) -> Bool {
        try await client.get(healthURL).status == 200
    }
}
