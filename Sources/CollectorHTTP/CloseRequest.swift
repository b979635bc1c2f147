import Collector
import Hummingbird
import Inbox
import OTLP

extension Pipeline {
    /// Answers a request to close a run: 200 when every sink has it, 202 with the state of each at
    /// the time-out, 404 where nobody knows the run.
    ///
    /// `?wait=30s` says how long to wait; without it the answer is at once.
    func close(run: RunKey, request: Request) async -> Response {
        let text = request.uri.queryParameters["wait"].map(String.init) ?? "0s"
        guard let wait = Duration(configuration: text), wait <= .seconds(600) else {
            return Response(
                .badRequest, json: ["error": "wait: expected a duration up to 10m, such as 30s"])
        }
        do {
            guard let deliveries = try await close(run, wait: wait) else {
                return Response(
                    .notFound, json: ["error": .string("no run \(run.id) is known here")])
            }
            let isDone = deliveries.allSatisfy(\.isDelivered)
            return Response(
                isDone ? .ok : .accepted,
                json: ["run": .string(run.id), "sinks": .array(deliveries.map(\.json))])
        } catch {
            return Response(
                .serviceUnavailable, json: ["error": .string("the run was not closed: \(error)")])
        }
    }
}
