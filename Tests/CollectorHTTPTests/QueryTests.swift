import OTLP
import NIOCore
import Inbox
import HummingbirdTesting
import Hummingbird
import HTTPTypes
import Foundation
import Collector
import CollectorHTTP
import Testing

/// How runs are read.
@Suite struct QueryTests {
    @Test func aRunIsReadInEveryForm() async throws {
        let collector = try TestCollector()
        try await collector.api { client in
            let path = "/rollout/ro%201/attempt/at-1/v1/traces"
            try await API.post(Export.json(name: "root"), path: path, client)
            try await API.post(
                Export.json(
                    span: "00f067aa0ba902b8", parent: "00f067aa0ba902b7", name: "chat",
                    start: 1_700_000_000_010_000_000, milliseconds: 20,
                    attributes: """
                        {"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},\
                        {"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o"}},\
                        {"key":"gen_ai.usage.input_tokens","value":{"intValue":"7"}}
                        """), path: path, client)
            let closed = try await API.close("ro%25201%2Fat-1", client)
            #expect(closed["sinks"]?[0]?["state"] == "delivered")

            let list = try await API.get("/api/runs", client)
            #expect(list["runs"]?[0]?["id"] == "ro%201/at-1")
            #expect(list["runs"]?[0]?["rollout_id"] == "ro 1")
            #expect(list["runs"]?[0]?["attempt_id"] == "at-1")
            #expect(list["runs"]?[0]?["spans"] == 2)
            #expect(list["next"] == .null)

            let tree = try await API.get("/api/runs/ro%25201%2Fat-1/tree", client)
            let root = tree["roots"]?[0]
            #expect(root?["name"] == "root")
            #expect(root?["duration_ms"] == 100.0)
            #expect(root?["repair"] == .null)
            let child = root?["children"]?[0]
            #expect(child?["name"] == "chat")
            #expect(child?["operation"] == "chat")
            #expect(child?["model"] == "gpt-4o")
            #expect(child?["input_tokens"] == 7)

            let spans = try await API.get("/api/runs/ro%25201%2Fat-1/spans", client)
            #expect(spans["spans"]?.array?.map { $0["name"] } == ["root", "chat"])
            #expect(spans["spans"]?[1]?["parent_id"] == "00f067aa0ba902b7")
            #expect(spans["spans"]?[1]?["rollout_id"] == "ro 1")
            #expect(spans["spans"]?[1]?["sequence_id"] == 2)

            let triplets = try await API.get("/api/runs/ro%201/at-1/triplets", client)
            #expect(triplets["triplets"]?[0]?["metadata"]?["request"]?["model"] == "gpt-4o")
            let messages = try await API.get("/api/runs/ro%201/at-1/messages", client)
            #expect(messages["messages"] == [])
            #expect(messages["skipped"]?[0]?["cause"] == "no_prompt")
            let rewards = try await API.get("/api/runs/ro%201/at-1/rewards", client)
            #expect(rewards["final_reward"] == .null)
            let doctor = try await API.get("/api/runs/ro%201/at-1/doctor", client)
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

            let otlp = try await API.get("/api/runs/ro%201/at-1/otlp", client)
            let batch = try TraceBatch(json: otlp.serialized())
            #expect(batch.spans.count == 2)
        }
    }

    @Test func aTraceThatBelongsToARunIsAnAliasOfIt() async throws {
        let collector = try TestCollector()
        try await collector.api { client in
            try await API.post(
                Export.json(span: "00f067aa0ba902b8", parent: "00f067aa0ba902b7"), client)
            try await API.post(
                Export.json(), path: "/rollout/ro/attempt/at/v1/traces", client)
            _ = try await API.close("ro%2Fat", client)
            let answer = try await client.executeRequest(
                uri: "/api/runs/\(API.trace)/tree", method: .get, headers: [:], body: nil)
            #expect(answer.status == .temporaryRedirect)
            #expect(answer.headers[.location] == "/api/runs/ro%2Fat/tree")
            let lines = try await client.executeRequest(
                uri: "/api/runs/\(API.trace)/triplets?format=jsonl", method: .get, headers: [:],
                body: nil)
            #expect(
                lines.headers[.location] == "/api/runs/ro%2Fat/triplets?format=jsonl")
            let tree = try await API.get("/api/runs/ro%2Fat/tree", client)
            #expect(tree["roots"]?[0]?["children"]?.array?.count == 1)
        }
    }

    @Test func aTraceThatComesBeforeItsRunLeavesNoRunBehind() async throws {
        let collector = try TestCollector()
        try await collector.api { client in
            for span in ["00f067aa0ba902b8", "00f067aa0ba902b9"] {
                try await API.post(
                    Export.json(span: span, parent: "00f067aa0ba902b7", name: "step"), client)
            }
            _ = try await API.close(API.trace, client)
            let before = try await API.get("/api/runs", client)
            #expect(before["runs"]?.array?.map { $0["spans"] } == [3])

            try await API.post(
                Export.json(name: "root"), path: "/rollout/ro/attempt/at/v1/traces", client)
            _ = try await API.close("ro%2Fat", client)
            let after = try await API.get("/api/runs", client)
            #expect(after["runs"]?.array?.map { $0["id"] } == ["ro/at"])
            #expect(after["runs"]?[0]?["spans"] == 3)
            let tree = try await API.get("/api/runs/ro%2Fat/tree", client)
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
                try await API.post(
                    Export.json(
                        span: "00f067aa0ba9\(1000 + number)", name: "step \(number)",
                        attributes: """
                            {"key":"text","value":{"stringValue":"\(
                                String(repeating: "x", count: 400))"}}
                            """), path: "/rollout/ro/attempt/at/v1/traces", client)
            }
            _ = try await API.close("ro%2Fat", client)
            let spans = try await API.get("/api/runs/ro%2Fat/spans", client)
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
            _ = try await API.close("ro%2F", client)
            #expect(try await API.get("/api/runs/ro%2F", client)["id"] == "ro/")
            let tree = try await API.get("/api/runs/ro%2F/tree", client)
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

    @Test func aRunOverTheLimitIsKeptUnrepaired() async throws {
        let collector = try TestCollector { $0.limits.repairedSpansPerRun = 1 }
        try await collector.api { client in
            let path = "/rollout/ro/attempt/at/v1/traces"
            for span in ["00f067aa0ba902b7", "00f067aa0ba902b8"] {
                try await API.post(Export.json(span: span), path: path, client)
            }
            _ = try await API.close("ro%2Fat", client)
            let run = try await API.get("/api/runs/ro%2Fat", client)
            #expect(run["spans"] == 2)
            #expect(run["notes"]?[0]?.string?.contains("more than 1;") == true)
        }
    }

    @Test func deeplyNestedAttributesAreRead() async throws {
        let nested =
            String(repeating: #"{"arrayValue":{"values":["#, count: 50) + #"{"intValue":"7"}"#
            + String(repeating: "]}}", count: 50)
        let collector = try TestCollector()
        try await collector.api { client in
            try await API.post(
                Export.json(attributes: #"{"key":"deep","value":\#(nested)}"#), client)
            _ = try await API.close(API.trace, client)
            for reading in ["otlp", "spans", "tree"] {
                let answer = try await client.executeRequest(
                    uri: "/api/runs/\(API.trace)/\(reading)", method: .get, headers: [:], body: nil
                )
                #expect(answer.status == .ok, "\(reading): \(String(buffer: answer.body))")
                #expect(answer.headers[.contentType] == "application/json")
                guard reading == "otlp" else { continue }
                let batch = try TraceBatch(json: Array(answer.body.readableBytesView))
                #expect(batch.spans.count == 1)
            }
        }
    }
}
