import Collector
import Compression
import HTTPTypes
import OTLP
import Testing

@Suite struct IngestTests {
    @Test func requestsAreAnsweredByTheRulesOfOTLP() async throws {
        let rows = try Self.rows()
        let collector = try TestCollector { $0.limits.bodyBytes = 8192 }
        try await collector.ingest { client in
            for row in rows + Self.ingestOnly { try await row.check(client) }
        }
    }

    @Test func theAPISurfaceTakesOTLPByTheSameRules() async throws {
        let rows = try Self.rows()
        let collector = try TestCollector { $0.limits.bodyBytes = 8192 }
        try await collector.api { client in
            for row in rows { try await row.check(client) }
        }
    }

    private static func rows() throws -> [Exchange] {
        let good = try Export.protobuf()
        let text = Array(Export.json().utf8)
        let pb = ["content-type": "application/x-protobuf"]
        let js = ["content-type": "application/json"]
        return [
            Exchange(
                testDescription: "full success in protobuf is an empty message", body: good,
                status: 200, answers: pb),
            Exchange(
                testDescription: "full success in JSON is an empty object", headers: Exchange.json,
                body: text, status: 200, answers: js, says: "{}"),
            Exchange(
                testDescription: "an empty request is a success", status: 200, answers: pb),
            Exchange(
                testDescription: "an empty object is a success", headers: Exchange.json,
                body: Array("{}".utf8), status: 200, answers: js, says: "{}"),
            Exchange(
                testDescription: "gzip",
                headers: Exchange.with(Exchange.protobuf, ["content-encoding": "gzip"]),
                body: gzip(good), status: 200),
            Exchange(
                testDescription: "two gzip members are one body",
                headers: Exchange.with(Exchange.protobuf, ["content-encoding": "GZIP"]),
                body: gzip(Array(good.prefix(40))) + gzip(Array(good.dropFirst(40))), status: 200),
            Exchange(
                testDescription: "deflate",
                headers: Exchange.with(Exchange.protobuf, ["content-encoding": "deflate"]),
                body: deflate(good), status: 200),
            Exchange(
                testDescription: "identity",
                headers: Exchange.with(Exchange.protobuf, ["content-encoding": "identity"]),
                body: good,
                status: 200),
            Exchange(
                testDescription: "another content encoding",
                headers: Exchange.with(Exchange.protobuf, ["content-encoding": "br"]), body: good,
                status: 415, answers: pb, says: "Content-Encoding"),
            Exchange(
                testDescription: "media type parameters and case are ignored",
                headers: ["content-type": "Application/JSON; charset=utf-8"], body: text,
                status: 200, answers: js),
            Exchange(
                testDescription: "another media type", headers: ["content-type": "text/plain"],
                body: good, status: 415, says: "text/plain"),
            Exchange(
                testDescription: "no media type", headers: [:], body: good, status: 415,
                says: "found none"),
            Exchange(
                testDescription: "truncated protobuf", body: good.dropLast(3), status: 400,
                answers: pb, says: "at byte"),
            Exchange(
                testDescription: "truncated JSON", headers: Exchange.json, body: text.dropLast(3),
                status: 400, answers: js, says: "\"message\""),
            Exchange(
                testDescription: "a wrong JSON type", headers: Exchange.json,
                body: Array(#"{"resourceSpans":7}"#.utf8), status: 400, says: "resourceSpans"),
            Exchange(
                testDescription: "truncated gzip",
                headers: Exchange.with(Exchange.protobuf, ["content-encoding": "gzip"]),
                body: gzip(good).dropLast(9), status: 400, says: "inflated"),
            Exchange(
                testDescription: "an empty body is no gzip",
                headers: Exchange.with(Exchange.protobuf, ["content-encoding": "gzip"]), status: 400
            ),
            Exchange(
                testDescription: "a body over the limit", body: [UInt8](repeating: 0, count: 9000),
                status: 413, says: "limits.body_bytes"),
            Exchange(
                testDescription: "a small body that inflates over the limit",
                headers: Exchange.with(Exchange.protobuf, ["content-encoding": "gzip"]),
                body: gzip([UInt8](repeating: 0, count: 100_000)), status: 413),
            Exchange(
                testDescription: "a trace id of 15 bytes rejects its span",
                headers: Exchange.json,
                body: Array(Export.json(trace: "4bf92f3577b34da6a3ce929d0e0e47").utf8), status: 200,
                answers: js, says: #""rejectedSpans":"1""#),
            Exchange(
                testDescription: "nesting of 100,000",
                headers: Exchange.json,
                body: Array(String(repeating: "[", count: 4000).utf8), status: 400),
            Exchange(
                testDescription: "the wrong method", method: .get, status: 405,
                answers: ["allow": "POST"]),
            Exchange(testDescription: "an unknown path", path: "/v1/trace", status: 404),
            Exchange(
                testDescription: "a doubled slash", path: "//v1/traces", body: good, status: 200),
            Exchange(testDescription: "a query", path: "/v1/traces?x=1", body: good, status: 200),
            Exchange(
                testDescription: "the path of a rollout",
                path: "/rollout/ro-1/attempt/at-1/v1/traces", body: good, status: 200),
            Exchange(
                testDescription: "spans under the name of OTLP 0.14 are told",
                headers: Exchange.json,
                body: Array(
                    #"{"resourceSpans":[{"instrumentationLibrarySpans":[{},{}]}]}"#.utf8),
                status: 200, answers: js, says: "update the exporter: 2"),
            Exchange(
                testDescription: "spans in the field of OTLP 0.14 are told",
                body: [0x0A, 0x03, 0xC2, 0x3E, 0x00], status: 200, answers: pb,
                says: "update the exporter: 1"),
            Exchange(
                testDescription: "logs are acknowledged", path: "/v1/logs", status: 200,
                answers: pb),
            Exchange(
                testDescription: "logs that are no message", path: "/v1/logs", body: [1, 2, 3],
                status: 400, answers: pb, says: "ExportLogsServiceRequest"),
            Exchange(
                testDescription: "a log record with GenAI content in JSON", path: "/v1/logs",
                headers: Exchange.json,
                body: Array(
                    #"""
                    {"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":
                    "0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708",
                    "eventName":"gen_ai.user.message"}]}]}]}
                    """#.utf8), status: 200, answers: js, says: "{}"),
            Exchange(
                testDescription: "metrics are acknowledged", path: "/v1/metrics",
                headers: Exchange.json, body: Array("{}".utf8), status: 200, says: "{}"),
            Exchange(
                testDescription: "health", method: .get, path: "/healthz", headers: [:],
                status: 200),
            Exchange(
                testDescription: "HEAD is answered without a body", method: .head,
                path: "/healthz", headers: [:], status: 200, answers: ["content-length": "3"]),
            Exchange(
                testDescription: "HEAD of an unknown path", method: .head, path: "/other",
                headers: [:], status: 404),
            Exchange(
                testDescription: "HEAD where it is the wrong method", method: .head, status: 405,
                answers: ["allow": "POST"]),
            Exchange(
                testDescription: "profiles are acknowledged", path: "/v1development/profiles",
                body: good, status: 200, answers: pb),
            Exchange(
                testDescription: "without a format it is told in JSON", method: .get,
                path: "/v2/traces", headers: [:], status: 404, answers: js, says: "no such path"),
            Exchange(
                testDescription: "closing a run that nobody knows",
                path: "/rollout/no/attempt/no/close", headers: [:], status: 404),
        ]
    }

    /// The API surface has errors of its own for paths of nobody.
    private static let ingestOnly = [
        Exchange(
            testDescription: "an unknown path is told in the format of the request",
            path: "/v2/traces", status: 404, answers: Exchange.protobuf, says: "no such path"),
        Exchange(
            testDescription: "queries are not for the ingest surface", method: .get,
            path: "/api/runs", headers: [:], status: 404),
    ]
}
