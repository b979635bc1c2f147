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

/// Who is answered, and what the API listener tells of itself.
@Suite struct APISurfaceTests {
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

    @Test func metricsCountWhatCame() async throws {
        let collector = try TestCollector()
        try await collector.api { client in
            try await API.post(Export.json(), client)
            try await API.post(Export.json(trace: "00"), client)
            _ = try await API.close(API.trace, client)
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

    @Test func aReadyCollectorSaysSo() async throws {
        let collector = try TestCollector()
        try await collector.api { client in
            let answer = try await client.executeRequest(
                uri: "/readyz", method: .get, headers: [:], body: nil)
            #expect(answer.status == .ok)
        }
    }
}
