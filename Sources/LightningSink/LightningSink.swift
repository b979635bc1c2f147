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
        /// Runs without rollout ids get a rollout of their own.
        public var adoptsRuns: Bool

        public init(
            name: String = "lightning", url: String,
            headers: [(name: String, value: String)] = [], timeout: Duration = .seconds(30),
            adoptsRuns: Bool = false
        ) {
            self.name = name
            self.url = url
            self.headers = headers
            self.timeout = timeout
            self.adoptsRuns = adoptsRuns
        }
    }

    public let name: String
    public var mode: SinkMode { .appending }
    /// The store's key is rollout, attempt and span id.
    public var keepsRunsApart: Bool { true }

    private let client: OTLPClient
    private let store: StoreClient
    /// Nil where runs without rollout ids are not for the store.
    private let adoptions: Adoptions?
    private let warn: @Sendable (SinkWarning) -> Void

    /// - Parameter warn: hears of spans that the store would lose, and are not sent.
    public init(
        _ configuration: Configuration, warn: @escaping @Sendable (SinkWarning) -> Void
    ) throws(OTLPClient.EndpointError) {
        name = configuration.name
        var root = configuration.url[...]
        while root.hasSuffix("/") { root.removeLast() }
        client = try OTLPClient(
            OTLPClient.Configuration(
                endpoint: root + "/v1/traces", headers: configuration.headers,
                timeout: configuration.timeout))
        store = StoreClient(client: client, root: String(root))
        adoptions = configuration.adoptsRuns ? Adoptions(store) : nil
        self.warn = warn
    }

    /// A run without attempt is not for this store, unless it may give it one.
    public func wants(_ revision: Revision) -> Bool {
        if revision.rolloutID?.isEmpty != false { return adoptions != nil }
        return revision.attemptID?.isEmpty == false
    }

    /// Sends what the store has not got of the revision's spans.
    public func deliver(_ revision: Revision) async throws(SinkError) {
        if let rolloutID = revision.rolloutID, !rolloutID.isEmpty {
            guard let attemptID = revision.attemptID, !attemptID.isEmpty else { return }
            return try await deliver(revision, rolloutID: rolloutID, attemptID: attemptID)
        }
        guard let adoptions else { return }
        let adopted = try await adoptions.ids(of: revision.runID)
        try await deliver(
            revision, rolloutID: adopted.rolloutID, attemptID: adopted.attemptID)
        // Nobody else works on it, so nobody else would ever say that it is over.
        if revision.isSettled {
            try await store.finish(adopted.attemptID, of: adopted.rolloutID)
        }
    }

    /// The store answers 500 for a value that it cannot take and for an attempt that it does not
    /// know, and also when it is in trouble; its health and its attempts tell which it was.
    private func deliver(
        _ revision: Revision, rolloutID: String, attemptID: String
    ) async throws(SinkError) {
        var numbers = SequenceNumbers(
            try await store.spans(rollout: rolloutID, attempt: attemptID))
        var request = StoreRequest(rolloutID: rolloutID, attemptID: attemptID)
        request.add(revision.run, &numbers)
        if let message = request.omissions {
            warn(
                SinkWarning(
                    sink: name, runID: revision.runID, rejectedSpans: Int64(request.omitted),
                    message: message))
        }
        guard !request.batch.spans.isEmpty else { return }
        let body = request.batch.protobuf()
        let answer = try await client.post(body)
        guard answer.status == 500 else {
            if let failure = failure(in: answer) { throw failure }
            return
        }
        guard try await store.isHealthy() else {
            throw .retryable(reason: "\(answer.reason), and the store is not healthy", after: nil)
        }
        guard try await store.attempt(attemptID, of: rolloutID) != nil else {
            throw .permanent(
                reason: "the store knows no attempt \(attemptID) of rollout \(rolloutID)")
        }
        // The store may have been in trouble a moment ago; only what it refuses while it is well
        // is about the run.
        if let failure = failure(in: try await client.post(body)) { throw failure }
    }

    /// How an attempt stands in the store; nil where the store does not know it.
    public func attempt(
        _ attemptID: String, of rolloutID: String
    ) async throws(SinkError) -> StoredAttempt? {
        try await store.attempt(attemptID, of: rolloutID)
    }

    /// Tells the store that an attempt is alive, as a span that comes there would. It never touches
    /// a final status.
    /// - Parameters:
    ///   - attempt: as the store told it just now.
    ///   - unixSeconds: when the attempt's last span came.
    public func keepAlive(
        _ attempt: StoredAttempt, of rolloutID: String, unixSeconds: Double
    ) async throws(SinkError) {
        guard !attempt.isFinal else { return }
        try await store.keepAlive(
            attempt.id, of: rolloutID, unixSeconds: unixSeconds,
            isStarting: attempt.status != "running")
    }

    public func close() async throws {
        try await client.shutdown()
    }

    private func failure(in answer: Answer) -> SinkError? {
        answer.failure(now: Int64(Date().timeIntervalSince1970))
    }
}
