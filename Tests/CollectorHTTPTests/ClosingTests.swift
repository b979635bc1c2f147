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

/// How long a client waits for the sinks that it closes a run for.
@Suite struct ClosingTests {
    @Test func aWaitForSinksEndsWhenItsTaskIsCancelled() async throws {
        let collector = try TestCollector {
            // Nobody listens on this port, so the sink is never done.
            $0.sinks = [.init(kind: .otlp, name: "absent", endpoint: "http://127.0.0.1:1")]
        }
        let pipeline = collector.pipeline
        let trace = try #require(TraceID(hexadecimal: API.trace))
        try await collector.api { client in
            try await API.post(Export.json(), client)
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
                try await API.post(Export.json(), client)
                let start = ContinuousClock.now
                let answer = try await client.executeRequest(
                    uri: "/api/runs/\(API.trace)/close?wait=10m", method: .post, headers: [:],
                    body: nil)
                #expect(answer.status == .accepted)
                #expect(ContinuousClock.now - start < .seconds(300))
                let json = try JSONValue(parsing: Array(answer.body.readableBytesView))
                #expect(json["sinks"]?[0]?["state"] == "delivered")
                #expect(json["sinks"]?[1]?["state"] == "parked")
            }
        }
    }
}
