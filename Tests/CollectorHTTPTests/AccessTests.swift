import Collector
import HTTPTypes
import OTLP
import Testing

/// Who may send: holders of a token, and pages of allowed origins.
@Suite struct AccessTests {
    @Test func withTokensOnlyTheirHoldersMaySend() async throws {
        let body = try Export.protobuf()
        let rows = [
            ("none", nil, 401), ("the first", "Bearer one", 200), ("the second", "bearer two", 200),
            ("another", "Bearer three", 401), ("a part", "Bearer on", 401),
            ("more than it", "Bearer onetwo", 401), ("another scheme", "Basic one", 401),
            // x:two
            ("a password", "Basic eDp0d28=", 200), ("another password", "Basic eDp0dw==", 401),
            ("no token", "Bearer ", 401),
        ].map { name, authorization, status in
            Exchange(
                testDescription: "the token of \(name)",
                headers: Exchange.protobuf.merging(
                    authorization.map { ["authorization": $0] } ?? [:]
                ) {
                    $1
                }, body: body, status: status,
                answers: status == 401
                    ? ["www-authenticate": "Bearer", "content-type": "application/x-protobuf"]
                    : [:],
                says: status == 401 ? "OTEL_EXPORTER_OTLP_HEADERS" : "")
        }
        let collector = try TestCollector { $0.tokens = [Secret("one"), Secret("two")] }
        try await collector.ingest { client in
            for row in rows { try await row.check(client) }
            try await Exchange(
                testDescription: "probes need no token", method: .get, path: "/healthz",
                headers: [:], status: 200
            ).check(client)
        }
    }

    @Test func aPageNeedsATokenForItsExportButNotForThePreflight() async throws {
        let body = try Export.protobuf()
        let page = ["origin": "https://app.example"]
        let allowed = ["access-control-allow-origin": "https://app.example"]
        let rows = [
            Exchange(
                testDescription: "a preflight", method: .options,
                headers: Exchange.with(
                    page,
                    [
                        "access-control-request-method": "POST",
                        "access-control-request-headers": "authorization,content-type",
                    ]), status: 204,
                answers: Exchange.with(
                    allowed, ["access-control-allow-headers": "authorization,content-type"])),
            Exchange(
                testDescription: "an export without the token, which the page can read",
                headers: Exchange.with(Exchange.protobuf, page), body: body, status: 401,
                answers: Exchange.with(allowed, ["www-authenticate": "Bearer"])),
            Exchange(
                testDescription: "an export with the token",
                headers: Exchange.with(
                    Exchange.protobuf, Exchange.with(page, ["authorization": "Bearer one"])),
                body: body, status: 200, answers: allowed),
            Exchange(
                testDescription: "OPTIONS that asks nothing", method: .options, headers: page,
                status: 401),
        ]
        let collector = try TestCollector {
            $0.tokens = [Secret("one")]
            $0.allowedOrigins = ["https://app.example"]
        }
        try await collector.ingest { client in
            for row in rows { try await row.check(client) }
        }
    }

    @Test func pagesOfAllowedOriginsMayExport() async throws {
        let body = try Export.protobuf()
        let asking = ["access-control-request-method": "POST"]
        let good = ["origin": "https://app.example"]
        let rows = [
            Exchange(
                testDescription: "a preflight", method: .options,
                headers: good.merging(asking) { $1 }.merging(
                    ["access-control-request-headers": "content-type,x-rollout-id"]) { $1 },
                status: 204,
                answers: [
                    "access-control-allow-origin": "https://app.example", "vary": "Origin",
                    "access-control-allow-methods": "POST",
                    "access-control-allow-headers": "content-type,x-rollout-id",
                    "access-control-max-age": "7200",
                ]),
            Exchange(
                testDescription: "a preflight of another origin", method: .options,
                headers: asking.merging(["origin": "https://evil.example"]) { $1 }, status: 403,
                answers: ["access-control-allow-origin": ""], says: "cors.allowed_origins"),
            Exchange(
                testDescription: "an export of a page",
                headers: Exchange.protobuf.merging(good) { $1 },
                body: body, status: 200,
                answers: ["access-control-allow-origin": "https://app.example"]),
            Exchange(
                testDescription: "an error of a page",
                headers: good.merging(["content-type": "text/plain"]) { $1 }, body: body,
                status: 415, answers: ["access-control-allow-origin": "https://app.example"]),
            Exchange(
                testDescription: "OPTIONS that asks nothing", method: .options, headers: good,
                status: 405, answers: ["allow": "POST"]),
        ]
        let collector = try TestCollector { $0.allowedOrigins = ["https://app.example"] }
        try await collector.ingest { client in
            for row in rows { try await row.check(client) }
        }
        let plain = try TestCollector()
        try await plain.ingest { client in
            try await Exchange(
                testDescription: "without origins there is no CORS", method: .options,
                headers: good.merging(asking) { $1 }, status: 405,
                answers: ["access-control-allow-origin": ""]
            ).check(client)
        }
    }
}
