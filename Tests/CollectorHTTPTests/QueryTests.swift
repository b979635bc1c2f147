import Collector
import CollectorHTTP
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Inbox
import NIOCore
import OTLP
import Testing

@Suite struct QueryTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    private static func post(
        _ json: String, path: String = "/v1/traces", _ client: any TestClientProtocol
    ) async throws {
        let answer = try await client.executeRequest(
            uri: path, method: .post, headers: [.contentType: "application/json"],
            body: ByteBuffer(string: json))
        #expect(answer.status == .ok)
    }

    private static func get(
        _ path: String, _ client: any TestClientProtocol
    ) async throws -> JSONValue {
        let answer = try await client.executeRequest(
            uri: path, method: .get, headers: [:], body: nil)
        #expect(answer.status == .ok, "\(path): \(String(buffer: answer.body))")
        return try JSONValue(parsing: Array(answer.body.readableBytesView))
    }

    private static func close(
        _ run: String, _ client: any TestClientProtocol
    ) async throws -> JSONValue {
        let answer = try await client.executeRequest(
            uri: "/api/runs/\(run)/close?wait=20s", method: .post, headers: [:], body: nil)
        #expect(answer.status == .ok, "\(String(buffer: answer.body))")
        return try JSONValue(parsing: Array(answer.body.readableBytesView))
    }

    @Test func aRunIsReadInEveryForm() async throws {
        let collector = try TestCollector()
        try await collector.api { client in
            let path = "/rollout/ro%201/attempt/at-1/v1/traces"
            try await Self.post(Export.json(name: "root"), path: path, client)
            try await Self.post(
                Export.json(
                    span: "00f067aa0ba902b8", parent: "00f067aa0ba902b7", name: "chat",
                    start: 1_700_000_000_010_000_000, milliseconds: 20,
                    attributes: """
                        {"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},\
                        {"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o"}},\
                        {"key":"gen_ai.usage.input_tokens","value":{"intValue":"7"}}
                        """), path: path, client)
            let closed = try await Self.close("ro%25201%2Fat-1", client)
            #expect(closed["sinks"]?[0]?["state"] == "delivered")

            let list = try await Self.get("/api/runs", client)
            #expect(list["runs"]?[0]?["id"] == "ro%201/at-1")
            #expect(list["runs"]?[0]?["rollout_id"] == "ro 1")
            #expect(list["runs"]?[0]?["attempt_id"] == "at-1")
            #expect(list["runs"]?[0]?["spans"] == 2)
            #expect(list["next"] == .null)

            let tree = try await Self.get("/api/runs/ro%25201%2Fat-1/tree", client)
            let root = tree["roots"]?[0]
            #expect(root?["name"] == "root")
            #expect(root?["duration_ms"] == 100.0)
            #expect(root?["repair"] == .null)
            let child = root?["children"]?[0]
            #expect(child?["name"] == "chat")
            #expect(child?["operation"] == "chat")
            #expect(child?["model"] == "gpt-4o")
            #expect(child?["input_tokens"] == 7)

            let spans = try await Self.get("/api/runs/ro%25201%2Fat-1/spans", client)
            #expect(spans["spans"]?.array?.map { $0["name"] } == ["root", "chat"])
            #expect(spans["spans"]?[1]?["parent_id"] == "00f067aa0ba902b7")
            #expect(spans["spans"]?[1]?["rollout_id"] == "ro 1")
            #expect(spans["spans"]?[1]?["sequence_id"] == 2)

            let triplets = try await Self.get("/api/runs/ro%201/at-1/triplets", client)
            #expect(triplets["triplets"]?[0]?["metadata"]?["request"]?["model"] == "gpt-4o")
            let messages = try await Self.get("/api/runs/ro%201/at-1/messages", client)
            #expect(messages["messages"] == [])
            #expect(messages["skipped"]?[0]?["cause"] == "no_prompt")
            let rewards = try await Self.get("/api/runs/ro%201/at-1/rewards", client)
            #expect(rewards["final_reward"] == .null)
            let doctor = try await Self.get("/api/runs/ro%201/at-1/doctor", client)
            #expect(doctor["state"] == "closed")
            #expect(
                doctor["findings"]?.array?.map { $0["code"] }
                    == ["no_response", "no_token_ids", "no_messages", "no_reward"])
            let lines = try await client.executeRequest(
                uri: "/api/runs/ro%201/at-1/spans?format=jsonl", method: .get, headers: [:],
                body: nil)
            #expect(lines.headers[.contentType] == "application/jsonl")
            #expect(String(buffer: lines.body).split(separator: "\n").count == 2)
            let other = try await client.executeRequest(
                uri: "/api/runs/ro%201/at-1/spans?format=xml", method: .get, headers: [:],
                body: nil)
            #expect(other.status == .badRequest)

            let otlp = try await Self.get("/api/runs/ro%201/at-1/otlp", client)
            let batch = try TraceBatch(json: otlp.serialized())
            #expect(batch.spans.count == 2)
        }
    }

    @Test func aTraceThatBelongsToARunIsAnAliasOfIt() async throws {
        let collector = try TestCollector()
        try await collector.api { client in
            try await Self.post(
                Export.json(span: "00f067aa0ba902b8", parent: "00f067aa0ba902b7"), client)
            try await Self.post(
                Export.json(), path: "/rollout/ro/attempt/at/v1/traces", client)
            _ = try await Self.close("ro%2Fat", client)
            let answer = try await client.executeRequest(
                uri: "/api/runs/\(Self.trace)/tree", method: .get, headers: [:], body: nil)
            #expect(answer.status == .temporaryRedirect)
            #expect(answer.headers[.location] == "/api/runs/ro%2Fat/tree")
            let lines = try await client.executeRequest(
                uri: "/api/runs/\(Self.trace)/triplets?format=jsonl", method: .get, headers: [:],
                body: nil)
            #expect(
                lines.headers[.location] == "/api/runs/ro%2Fat/triplets?format=jsonl")
            let tree = try await Self.get("/api/runs/ro%2Fat/tree", client)
            #expect(tree["roots"]?[0]?["children"]?.array?.count == 1)
        }
    }

    @Test func aTraceThatComesBeforeItsRunLeavesNoRunBehind() async throws {
        let collector = try TestCollector()
        try await collector.api { client in
            for span in ["00f067aa0ba902b8", "00f067aa0ba902b9"] {
                try await Self.post(
                    Export.json(span: span, parent: "00f067aa0ba902b7", name: "step"), client)
            }
            _ = try await Self.close(Self.trace, client)
            let before = try await Self.get("/api/runs", client)
            #expect(before["runs"]?.array?.map { $0["spans"] } == [3])

            try await Self.post(
                Export.json(name: "root"), path: "/rollout/ro/attempt/at/v1/traces", client)
            _ = try await Self.close("ro%2Fat", client)
            let after = try await Self.get("/api/runs", client)
            #expect(after["runs"]?.array?.map { $0["id"] } == ["ro/at"])
            #expect(after["runs"]?[0]?["spans"] == 3)
            let tree = try await Self.get("/api/runs/ro%2Fat/tree", client)
            #expect(tree["roots"]?.array?.map { $0["name"] } == ["root"])
        }
    }

    @Test func aRunThatIsLargerThanEveryCacheLosesNothing() async throws {
        let collector = try TestCollector {
            $0.limits.decodedCacheBytes = 2000
            $0.limits.mendedCacheBytes = 1
        }
        let count = 20
        try await collector.api { client in
            for number in 1...count {
                try await Self.post(
                    Export.json(
                        span: "00f067aa0ba9\(1000 + number)", name: "step \(number)",
                        attributes: """
                            {"key":"text","value":{"stringValue":"\(
                                String(repeating: "x", count: 400))"}}
                            """), path: "/rollout/ro/attempt/at/v1/traces", client)
            }
            _ = try await Self.close("ro%2Fat", client)
            let spans = try await Self.get("/api/runs/ro%2Fat/spans", client)
            #expect(spans["spans"]?.array?.count == count)
        }
    }

    @Test func whatNobodyKnowsIsNotFound() async throws {
        let collector = try TestCollector()
        try await collector.api { client in
            for path in ["/api/runs/nobody", "/api/runs/no%2Fbody/tree", "/api/spans", "/other"] {
                let answer = try await client.executeRequest(
                    uri: path, method: .get, headers: [:], body: nil)
                #expect(answer.status == .notFound, "\(path)")
            }
        }
    }

    @Test func aRolloutWithoutAttemptsIsFoundByItsWholeID() async throws {
        let collector = try TestCollector()
        try await collector.api { client in
            let answer = try await client.executeRequest(
                uri: "/v1/traces", method: .post,
                headers: [
                    .contentType: "application/json",
                    try #require(HTTPField.Name("x-rollout-id")): "ro",
                ],
                body: ByteBuffer(string: Export.json()))
            #expect(answer.status == .ok)
            _ = try await Self.close("ro%2F", client)
            #expect(try await Self.get("/api/runs/ro%2F", client)["id"] == "ro/")
            let tree = try await Self.get("/api/runs/ro%2F/tree", client)
            #expect(tree["roots"]?.array?.count == 1)
        }
    }

    @Test func aCursorThatIsNoneIsABadRequest() async throws {
        let collector = try TestCollector()
        try await collector.api { client in
            let answer = try await client.executeRequest(
                uri: "/api/runs?cursor=x", method: .get, headers: [:], body: nil)
            #expect(answer.status == .badRequest)
            #expect(String(buffer: answer.body).contains("cursor"))
        }
    }

    @Test func withoutAnArchiveThereAreNoRuns() async throws {
        let collector = try TestCollector { $0.archive.isEnabled = false }
        try await collector.api { client in
            for path in ["/api/runs", "/api/runs/a%2Fb/tree"] {
                let answer = try await client.executeRequest(
                    uri: path, method: .get, headers: [:], body: nil)
                #expect(answer.status == .notFound, "\(path)")
                #expect(String(buffer: answer.body).contains("archive.enabled"))
            }
        }
    }

    @Test func theTokenIsAskedFor() async throws {
        let collector = try TestCollector()
        try await collector.api(token: Secret("open sesame")) { client in
            func basic(_ credentials: String) -> String {
                "Basic " + Data(credentials.utf8).base64EncodedString()
            }
            let rows: [(String, String?, HTTPResponse.Status)] = [
                ("/api/runs", nil, .unauthorized),
                ("/api/runs", "Bearer open", .unauthorized),
                ("/api/runs", "Bearer open sesame!", .unauthorized),
                ("/api/runs", "open sesame", .unauthorized),
                ("/api/runs", "Bearer open sesame", .ok),
                ("/api/runs", "bearer open sesame", .ok),
                ("/api/runs", "Basic open sesame", .unauthorized),
                ("/api/runs", "Bearer", .unauthorized),
                ("/api/runs", basic("anybody:open sesame"), .ok),
                ("/api/runs", basic(":open sesame"), .ok),
                ("/api/runs", basic("open sesame:"), .unauthorized),
                ("/api/runs", basic("open sesame"), .unauthorized),
                ("/api/runs", basic("anybody:open"), .unauthorized),
                ("/api/runs", "Basic", .unauthorized),
                ("/metrics", nil, .unauthorized),
                ("/healthz", nil, .ok),
                ("/readyz", nil, .ok),
            ]
            for (path, authorization, status) in rows {
                var headers = HTTPFields()
                headers[.authorization] = authorization
                let answer = try await client.executeRequest(
                    uri: path, method: .get, headers: headers, body: nil)
                #expect(answer.status == status, "\(path) \(authorization ?? "")")
            }
        }
    }

    @Test func aRunOverTheLimitIsKeptUnrepaired() async throws {
        let collector = try TestCollector { $0.limits.repairedSpansPerRun = 1 }
        try await collector.api { client in
            let path = "/rollout/ro/attempt/at/v1/traces"
            for span in ["00f067aa0ba902b7", "00f067aa0ba902b8"] {
                try await Self.post(Export.json(span: span), path: path, client)
            }
            _ = try await Self.close("ro%2Fat", client)
            let run = try await Self.get("/api/runs/ro%2Fat", client)
            #expect(run["spans"] == 2)
            #expect(run["notes"]?[0]?.string?.contains("more than 1;") == true)
        }
    }

    @Test func metricsCountWhatCame() async throws {
        let collector = try TestCollector()
        try await collector.api { client in
            try await Self.post(Export.json(), client)
            try await Self.post(Export.json(trace: "00"), client)
            _ = try await Self.close(Self.trace, client)
            let answer = try await client.executeRequest(
                uri: "/metrics", method: .get, headers: [:], body: nil)
            let text = String(buffer: answer.body)
            for line in [
                "tracemend_received_requests_total 1",
                "tracemend_received_spans_total 1",
                #"tracemend_rejected_spans_total{reason="unusable_id"} 1"#,
                #"tracemend_delivered_spans_total{sink="archive"} 1"#,
                "tracemend_undelivered_requests 0.0",
                "tracemend_archive_spans 1.0",
            ] {
                #expect(text.contains(line + "\n"), "\(line) in \(text)")
            }
        }
    }

    @Test func deeplyNestedAttributesAreRead() async throws {
        let nested =
            String(repeating: #"{"arrayValue":{"values":["#, count: 50) + #"{"intValue":"7"}"#
            + String(repeating: "]}}", count: 50)
        let collector = try TestCollector()
        try await collector.api { client in
            try await Self.post(
                Export.json(attributes: #"{"key":"deep","value":\#(nested)}"#), client)
            _ = try await Self.close(Self.trace, client)
            for reading in ["otlp", "spans", "tree"] {
                let answer = try await client.executeRequest(
                    uri: "/api/runs/\(Self.trace)/\(reading)", method: .get, headers: [:], body: nil
                )
                #expect(answer.status == .ok, "\(reading): \(String(buffer: answer.body))")
                #expect(answer.headers[.contentType] == "application/json")
                guard reading == "otlp" else { continue }
                let batch = try TraceBatch(json: Array(answer.body.readableBytesView))
                #expect(batch.spans.count == 1)
            }
        }
    }

    @Test func answersToHEADHaveNoBody() async throws {
        let collector = try TestCollector()
        try await collector.api { client in
            for (path, status) in [("/api/runs", 200), ("/other", 404), ("/api/runs/a/close", 405)]
            {
                let answer = try await client.executeRequest(
                    uri: path, method: .head, headers: [:], body: nil)
                #expect(Int(answer.status.code) == status, "\(path)")
                #expect(answer.body.readableBytes == 0, "\(path)")
            }
        }
    }

    @Test func aWaitForSinksEndsWhenItsTaskIsCancelled() async throws {
        let collector = try TestCollector {
            // Nobody listens on this port, so the sink is never done.
            $0.sinks = [.init(kind: .otlp, name: "absent", endpoint: "http://127.0.0.1:1")]
        }
        let pipeline = collector.pipeline
        let trace = try #require(TraceID(hexadecimal: Self.trace))
        try await collector.api { client in
            try await Self.post(Export.json(), client)
            let closing = Task { try await pipeline.close(.trace(trace), wait: .seconds(600)) }
            closing.cancel()
            let states = try #require(try await closing.value)
            #expect(states.map(\.sink) == ["archive", "absent"])
            #expect(states.last?.isDelivered == false)
        }
    }

    @Test func aSinkThatGaveTheRunUpIsNotWaitedFor() async throws {
        let refusing = Router()
        refusing.post("/v1/traces") { _, _ in HTTPResponse.Status.badRequest }
        try await Application(responder: refusing.buildResponder()).test(.live) { backend in
            let port = try #require(backend.port)
            let collector = try TestCollector {
                $0.sinks = [
                    .init(kind: .otlp, name: "refusing", endpoint: "http://localhost:\(port)")
                ]
            }
            try await collector.api { client in
                try await Self.post(Export.json(), client)
                let start = ContinuousClock.now
                let answer = try await client.executeRequest(
                    uri: "/api/runs/\(Self.trace)/close?wait=10m", method: .post, headers: [:],
                    body: nil)
                #expect(answer.status == .accepted)
                #expect(ContinuousClock.now - start < .seconds(300))
                let json = try JSONValue(parsing: Array(answer.body.readableBytesView))
                #expect(json["sinks"]?[0]?["state"] == "delivered")
                #expect(json["sinks"]?[1]?["state"] == "parked")
            }
        }
    }

    @Test func aReadyCollectorSaysSo() async throws {
        let collector = try TestCollector()
        try await collector.api { client in
            let answer = try await client.executeRequest(
                uri: "/readyz", method: .get, headers: [:], body: nil)
            #expect(answer.status == .ok)
        }
    }
}
