import Collector
import CollectorHTTP
import Compression
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import OTLP
import Synchronization
import Testing

/// One request and what it must be answered with.
struct Exchange: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var method = HTTPRequest.Method.post
    var path = "/v1/traces"
    var headers: [String: String] = ["content-type": "application/x-protobuf"]
    var body: [UInt8] = []
    var status: Int
    /// Headers that the answer must have; "" for one that it must not have.
    var answers: [String: String] = [:]
    /// What the answer's text must contain.
    var says = ""

    func check(_ client: any TestClientProtocol) async throws {
        let answer = try await client.executeRequest(
            uri: path, method: method, headers: fields(), body: ByteBuffer(bytes: body))
        try check(Int(answer.status.code), answer.headers, String(buffer: answer.body))
    }

    func check(_ client: LiveClient) async throws {
        let answer = try await client.ask(
            path, method: method, headers: headers, body: ByteBuffer(bytes: body))
        try check(answer.status, answer.headers, answer.text)
    }

    private func fields() throws -> HTTPFields {
        var fields = HTTPFields()
        for (name, value) in headers {
            fields[try #require(HTTPField.Name(name))] = value
        }
        return fields
    }

    private func check(_ found: Int, _ headers: HTTPFields, _ text: String) throws {
        #expect(found == status, "\(testDescription): \(text)")
        for (name, value) in answers {
            let found = headers[try #require(HTTPField.Name(name))] ?? ""
            #expect(found == value, "\(testDescription): \(name)")
        }
        #expect(text.contains(says) || says.isEmpty, "\(testDescription): \(text)")
        if method == .head { #expect(text.isEmpty) }
    }
}

@Suite struct IngestTests {
    private static let protobuf = ["content-type": "application/x-protobuf"]
    private static let json = ["content-type": "application/json"]

    private static func with(_ headers: [String: String], _ more: [String: String])
        -> [String: String]
    {
        headers.merging(more) { $1 }
    }

    @Test func requestsAreAnsweredByTheRulesOfOTLP() async throws {
        let good = try Export.protobuf()
        let text = Array(Export.json().utf8)
        let pb = ["content-type": "application/x-protobuf"]
        let js = ["content-type": "application/json"]
        let rows = [
            Exchange(
                testDescription: "full success in protobuf is an empty message", body: good,
                status: 200, answers: pb),
            Exchange(
                testDescription: "full success in JSON is an empty object", headers: Self.json,
                body: text, status: 200, answers: js, says: "{}"),
            Exchange(
                testDescription: "an empty request is a success", status: 200, answers: pb),
            Exchange(
                testDescription: "an empty object is a success", headers: Self.json,
                body: Array("{}".utf8), status: 200, answers: js, says: "{}"),
            Exchange(
                testDescription: "gzip",
                headers: Self.with(Self.protobuf, ["content-encoding": "gzip"]),
                body: gzip(good), status: 200),
            Exchange(
                testDescription: "two gzip members are one body",
                headers: Self.with(Self.protobuf, ["content-encoding": "GZIP"]),
                body: gzip(Array(good.prefix(40))) + gzip(Array(good.dropFirst(40))), status: 200),
            Exchange(
                testDescription: "deflate",
                headers: Self.with(Self.protobuf, ["content-encoding": "deflate"]),
                body: deflate(good), status: 200),
            Exchange(
                testDescription: "identity",
                headers: Self.with(Self.protobuf, ["content-encoding": "identity"]), body: good,
                status: 200),
            Exchange(
                testDescription: "another content encoding",
                headers: Self.with(Self.protobuf, ["content-encoding": "br"]), body: good,
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
                testDescription: "truncated JSON", headers: Self.json, body: text.dropLast(3),
                status: 400, answers: js, says: "\"message\""),
            Exchange(
                testDescription: "a wrong JSON type", headers: Self.json,
                body: Array(#"{"resourceSpans":7}"#.utf8), status: 400, says: "resourceSpans"),
            Exchange(
                testDescription: "truncated gzip",
                headers: Self.with(Self.protobuf, ["content-encoding": "gzip"]),
                body: gzip(good).dropLast(9), status: 400, says: "inflated"),
            Exchange(
                testDescription: "an empty body is no gzip",
                headers: Self.with(Self.protobuf, ["content-encoding": "gzip"]), status: 400),
            Exchange(
                testDescription: "a body over the limit", body: [UInt8](repeating: 0, count: 9000),
                status: 413, says: "limits.body_bytes"),
            Exchange(
                testDescription: "a small body that inflates over the limit",
                headers: Self.with(Self.protobuf, ["content-encoding": "gzip"]),
                body: gzip([UInt8](repeating: 0, count: 100_000)), status: 413),
            Exchange(
                testDescription: "a trace id of 15 bytes rejects its span",
                headers: Self.json,
                body: Array(Export.json(trace: "4bf92f3577b34da6a3ce929d0e0e47").utf8), status: 200,
                answers: js, says: #""rejectedSpans":"1""#),
            Exchange(
                testDescription: "nesting of 100,000",
                headers: Self.json,
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
                headers: Self.json,
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
                headers: Self.json,
                body: Array(
                    #"""
                    {"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":
                    "0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708",
                    "eventName":"gen_ai.user.message"}]}]}]}
                    """#.utf8), status: 200, answers: js, says: "{}"),
            Exchange(
                testDescription: "metrics are acknowledged", path: "/v1/metrics",
                headers: Self.json, body: Array("{}".utf8), status: 200, says: "{}"),
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
                testDescription: "queries are not for the ingest surface", method: .get,
                path: "/api/runs", headers: [:], status: 404),
            Exchange(
                testDescription: "profiles are acknowledged", path: "/v1development/profiles",
                body: good, status: 200, answers: pb),
            Exchange(
                testDescription: "an unknown path is told in the format of the request",
                path: "/v2/traces", body: good, status: 404, answers: pb, says: "no such path"),
            Exchange(
                testDescription: "without a format it is told in JSON", method: .get,
                path: "/v2/traces", headers: [:], status: 404, answers: js, says: "no such path"),
            Exchange(
                testDescription: "closing a run that nobody knows",
                path: "/rollout/no/attempt/no/close", headers: [:], status: 404),
        ]
        let collector = try TestCollector { $0.limits.bodyBytes = 8192 }
        try await collector.ingest { client in
            for row in rows { try await row.check(client) }
        }
    }

    @Test func tooManyBytesInFlightAreTurnedAway() async throws {
        let collector = try TestCollector { $0.limits.bytesInFlight = 50 }
        let body = try Export.protobuf()
        try await collector.ingest { client in
            try await Exchange(
                testDescription: "over the room", body: body, status: 503,
                answers: ["retry-after": "1"], says: "bytes_in_flight"
            ).check(client)
            try await Exchange(testDescription: "within the room", status: 200).check(client)
        }
    }

    /// Three clients send most of what fits, and then nothing more for a while.
    @Test func bodiesThatComeSlowlyMakeRoomForOthers() async throws {
        let now = Mutex<Int64>(1_700_000_000_000_000_000)
        let collector = try TestCollector(clock: UnixClock { now.withLock { $0 } }) {
            $0.limits.bytesInFlight = 100_000
        }
        let receiver = collector.pipeline.receiver
        func begin() throws -> IngestExchange? {
            let head = IngestHead(
                method: "POST", path: "/v1/traces", mediaType: "application/json")
            guard case .read(let exchange)? = receiver.step(for: head) else { return nil }
            return exchange
        }
        let good = Array(Export.json(name: String(repeating: "x", count: 20_000)).utf8)
        let spaces = [UInt8](repeating: 32, count: 30_000)
        var slow: [IngestExchange] = []
        for _ in 0..<3 {
            slow.append(try #require(try begin()))
            #expect(slow.last?.append(spaces) == nil)
            now.withLock { $0 += 100_000_000 }
        }
        // They have only just begun.
        #expect(try begin()?.append(good)?.status == 503)
        now.withLock { $0 += 2_000_000_000 }
        let other = try #require(try begin())
        #expect(other.append(good) == nil)
        #expect(await other.finish().status == 200)
        // The one that began first came slowest; the others go on.
        #expect(slow[0].append([32])?.status == 503)
        #expect(await slow[0].finish().status == 503)
        for exchange in slow.dropFirst() {
            #expect(exchange.append(Array("{}".utf8)) == nil)
            #expect(await exchange.finish().status == 200)
        }
        try await collector.pipeline.finish()
    }

    /// What is decoded in lanes must not keep its room once it is answered.
    @Test func manyLargeBodiesInTurnAllFindRoom() async throws {
        let padding = String(repeating: "x", count: 300_000)
        let body = Array(Export.json(name: padding).utf8)
        let collector = try TestCollector { $0.limits.bytesInFlight = 2 * body.count }
        try await collector.ingest { client in
            for _ in 0..<12 {
                try await Exchange(
                    testDescription: "one after the other", headers: Self.json, body: body,
                    status: 200
                ).check(client)
            }
        }
    }

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
                headers: Self.protobuf.merging(authorization.map { ["authorization": $0] } ?? [:]) {
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
                testDescription: "an export of a page", headers: Self.protobuf.merging(good) { $1 },
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

    @Test func aServiceThatSendsMostOfTooMuchIsHeldBack() async throws {
        let collector = try TestCollector { $0.limits.bytesInFlight = 4000 }
        let receiver = collector.pipeline.receiver
        func body(_ service: String) -> [UInt8] {
            Array(Export.json().replacing(#""agent""#, with: "\"\(service)\"").utf8)
        }
        func send(_ service: String) async throws -> Int {
            let head = IngestHead(
                method: "POST", path: "/v1/traces", mediaType: "application/json")
            guard case .read(let exchange)? = receiver.step(for: head) else { return 0 }
            if let refused = exchange.append(body(service)) { return refused.status }
            return await exchange.finish().status
        }
        // While there is room, everybody may send as much as they like.
        for _ in 0..<9 { #expect(try await send("runaway") == 200) }
        #expect(try await send("other") == 200)
        // A body that has not ended takes more than half of the room.
        let head = IngestHead(method: "POST", path: "/v1/traces", mediaType: "application/json")
        guard case .read(let slow)? = receiver.step(for: head) else { return }
        #expect(slow.append([UInt8](repeating: 32, count: 2100)) == nil)
        #expect(try await send("runaway") == 429)
        #expect(try await send("other") == 200)
        _ = await slow.finish()
        try await collector.pipeline.finish()
    }
}
