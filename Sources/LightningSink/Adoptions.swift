import OTLP
import OTLPSink
import Sinks

/// Rollouts of their own for runs that came without one.
///
/// The store names rollouts itself, so which run a rollout is for stands in its metadata. What was
/// asked for before a crash is found there again: a run never gets two.
actor Adoptions {
    /// What the store made for a run.
    struct Adopted: Hashable, Sendable {
        var rolloutID: String
        var attemptID: String
    }

    private let store: StoreClient
    /// By the run's id; nil while it is not known what the store has.
    private var known: [String: Adopted]?

    init(_ store: StoreClient) {
        self.store = store
    }

    /// The ids of a run's rollout, which is made where the store has none.
    func ids(of runID: String) async throws(SinkError) -> Adopted {
        if known == nil {
            let found = try await store.adoptedRollouts()
            known = found.merging(known ?? [:]) { _, made in made }
        }
        if let adopted = known?[runID] { return adopted }
        do {
            let adopted = try await store.adopt(runID)
            known?[runID] = adopted
            return adopted
        } catch {
            // The store may have made it all the same.
            known = nil
            throw error
        }
    }
}

extension StoreClient {
    private static let metadataKey = "tracemend.run"
    private static let rolloutsOnPage = 500
    private static let pageBytes = 256 << 20

    /// All rollouts that were made for runs.
    fileprivate func adoptedRollouts() async throws(SinkError) -> [String: Adoptions.Adopted] {
        var adopted: [String: Adoptions.Adopted] = [:]
        var offset = 0
        while true {
            let query = "limit=\(Self.rolloutsOnPage)&offset=\(offset)&sort_by=start_time"
            let page = try json(
                of: try await client.ask(
                    "\(root)/v1/agl/rollouts?\(query)", maximumAnswerBytes: Self.pageBytes))
            guard let items = page["items"]?.array else {
                throw .retryable(reason: "the store's list of rollouts has no items", after: nil)
            }
            for rollout in items {
                guard let run = rollout["metadata"]?[Self.metadataKey]?.string,
                    let id = rollout["rollout_id"]?.string, adopted[run] == nil
                else { continue }
                guard let attempt = try await firstAttempt(of: id) else { continue }
                adopted[run] = Adoptions.Adopted(rolloutID: id, attemptID: attempt)
            }
            offset += items.count
            if items.count < Self.rolloutsOnPage { return adopted }
        }
    }

    fileprivate func adopt(_ runID: String) async throws(SinkError) -> Adoptions.Adopted {
        let marked: JSONValue = .object([.init(Self.metadataKey, .string(runID))])
        let body: JSONValue = ["input": marked, "metadata": marked]
        let made = try json(
            of: try await client.ask("\(root)/v1/agl/rollouts", json: body.serialized()))
        guard let rollout = made["rollout_id"]?.string,
            let attempt = made["attempt"]?["attempt_id"]?.string
        else {
            throw .retryable(reason: "the store made a rollout without telling its ids", after: nil)
        }
        return Adoptions.Adopted(rolloutID: rollout, attemptID: attempt)
    }

    private func firstAttempt(of rollout: String) async throws(SinkError) -> String? {
        try await attempts(of: rollout).first?.id
    }
}
