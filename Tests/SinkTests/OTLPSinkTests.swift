import Compression
import Mending
import NIOHTTP1
import OTLP
import OTLPSink
import Sinks
import Synchronization
import Testing

@Suite struct OTLPSinkTests {
    @Test(arguments: [OTLPClient.RequestCompression.gzip, .none])
    func aRevisionArrivesAsOneProtobufRequest(
        compression: OTLPClient.RequestCompression
    ) async throws {
        let revision = revision(spans: 3)
        try await ScriptedServer.run([]) { server in
            let sink = try sink(
                server.url + "/v1/traces", headers: [("x-api-key", "secret")],
                compression: compression)
            try await sink.deliver(revision)
            try await sink.close()
            let request = try #require(server.requests.first)
            #expect(server.requests.count == 1)
            #expect(request.method == "POST")
            #expect(request.path == "/v1/traces")
            #expect(request.headers["content-type"] == ["application/x-protobuf"])
            #expect(request.headers["x-api-key"] == ["secret"])
            #expect(
                request.headers["content-encoding"] == (compression == .gzip ? ["gzip"] : []))
            #expect(try request.exportedBytes() == revision.run.batch.protobuf())
        }
    }

    @Test func aRevisionWithoutSpansNeedsNoRequest() async throws {
        try await ScriptedServer.run([]) { server in
            let sink = try sink(server.url)
            try await sink.deliver(revision(spans: 0))
            try await sink.close()
            #expect(server.requests.isEmpty)
        }
    }

    @Test(arguments: [(1_000_000, 1...1), (20_000, 5...12), (5_000, 20...40), (10, 40...40)])
    func aLargeRevisionIsCutBelowTheLimit(limit: Int, requests: ClosedRange<Int>) async throws {
        let revision = revision(spans: 40, textBytes: 2_000)
        try await ScriptedServer.run([]) { server in
            let sink = try sink(server.url, limit: limit)
            try await sink.deliver(revision)
            try await sink.close()
            #expect(requests.contains(server.requests.count), "\(server.requests.count)")
            var ids: [SpanID] = []
            for request in server.requests {
                let body = try request.exportedBytes()
                let batch = try TraceBatch(protobuf: body)
                #expect(body.count <= limit || batch.spans.count == 1)
                ids += batch.spans.map(\.spanID)
                #expect(
                    batch.resources.map { batch.value("service.name", in: $0.attributes) }
                        == ["planner"])
            }
            #expect(ids == revision.run.batch.spans.map(\.spanID))
        }
    }

    @Test func oneLargeSpanGoesAlone() async throws {
        var sketch = RunSketch()
        for span in 1...9 {
            let text = String(repeating: "x", count: span == 5 ? 50_000 : 10)
            sketch.add("span", span: UInt64(span), [KeyValue("text", .string(text))])
        }
        let revision = sketch.revision()
        try await ScriptedServer.run([]) { server in
            let sink = try sink(server.url, limit: 4_000)
            try await sink.deliver(revision)
            try await sink.close()
            let counts = try server.requests.map {
                try TraceBatch(protobuf: $0.exportedBytes()).spans.map(\.spanID.word)
            }
            #expect(counts.contains([5]))
            #expect(counts.flatMap { $0 } == Array(1...9))
        }
    }

    @Test func aBusyPeerIsTriedAgainAfterTheTimeItAsksFor() async throws {
        try await ScriptedServer.run([.answer(503, headers: [("retry-after", "7")])]) { server in
            let sink = try sink(server.url)
            let failure = await sink.failure(of: revision(spans: 1))
            #expect(failure == .retryable(after: .seconds(7)))
            try await sink.deliver(revision(spans: 1))
            try await sink.close()
            #expect(server.requests.count == 2)
        }
    }

    @Test(
        arguments: [
            (429, Failure.retryable(after: nil)), (502, .retryable(after: nil)),
            (503, .retryable(after: nil)), (504, .retryable(after: nil)),
            (408, .retryable(after: nil)), (301, .misconfigured), (307, .misconfigured),
            (401, .misconfigured), (403, .misconfigured), (404, .misconfigured),
            (405, .misconfigured), (407, .misconfigured), (400, .permanent), (413, .permanent),
            (415, .permanent), (500, .permanent),
            (501, .permanent), (204, nil), (202, nil),
        ] as [(Int, Failure?)])
    func theStatusDecidesWhetherToTryAgain(status: Int, expected: Failure?) async throws {
        let moved = [("location", "/elsewhere")]
        try await ScriptedServer.run([.answer(status, headers: moved)]) { server in
            let sink = try sink(server.url)
            #expect(await sink.failure(of: revision(spans: 1)) == expected)
            try await sink.close()
            #expect(server.requests.count == 1)
        }
    }

    @Test(arguments: [
        ("application/x-protobuf", RPCStatus(code: 3, message: "bad span").protobuf()),
        ("application/json; charset=utf-8", Array(#"{"code":3,"message":"bad span"}"#.utf8)),
        ("text/plain", Array("bad\nspan".utf8)),
    ])
    func aRefusalCarriesThePeersWords(type: String, body: [UInt8]) async throws {
        let answer = ScriptedServer.Step.answer(400, headers: [("content-type", type)], body: body)
        try await ScriptedServer.run([answer]) { server in
            let sink = try sink(server.url)
            let error = try #require(await sink.error(of: revision(spans: 1)))
            guard case .permanent(let reason) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(reason == "HTTP 400: bad span")
            try await sink.close()
        }
    }

    @Test(arguments: [
        (
            ExportTraceServiceResponse(rejectedSpans: 2, errorMessage: "too old"),
            [SinkWarning(sink: "otlp", runID: "run", rejectedSpans: 2, message: "too old")]
        ),
        (
            .init(rejectedSpans: 0, errorMessage: "deprecated"),
            [SinkWarning(sink: "otlp", runID: "run", rejectedSpans: 0, message: "deprecated")]
        ),
        (.init(rejectedSpans: 0, errorMessage: ""), []),
    ])
    func aPartialSuccessIsDeliveredAndTold(
        response: ExportTraceServiceResponse, expected: [SinkWarning]
    ) async throws {
        let answer = ScriptedServer.Step.answer(
            200, headers: [("content-type", "application/x-protobuf")], body: response.protobuf())
        try await ScriptedServer.run([answer]) { server in
            let warnings = Heard()
            let sink = try sink(server.url, warn: { warnings.append($0) })
            try await sink.deliver(revision(spans: 1))
            try await sink.close()
            #expect(warnings.all == expected)
        }
    }

    @Test func aPeerThatIsNotThereIsTriedAgain() async throws {
        let sink = try sink("http://127.0.0.1:\(try await closedPort())/v1/traces")
        #expect(
            await sink.failure(of: revision(spans: 1)) == .retryable(after: nil))
        try await sink.close()
    }

    @Test func aPeerThatStaysSilentIsTriedAgain() async throws {
        try await ScriptedServer.run([.silence]) { server in
            let sink = try sink(server.url, timeout: .milliseconds(100))
            #expect(
                await sink.failure(of: revision(spans: 1))
                    == .retryable(after: nil))
            try await sink.close()
            #expect(server.requests.count == 1)
        }
    }

    @Test(arguments: ["", "localhost:4318", "ftp://host/v1/traces", "http://", "/v1/traces"])
    func anEndpointThatIsNoURLIsRefused(endpoint: String) {
        #expect(throws: OTLPClient.EndpointError.self) { try sink(endpoint) }
    }

    private func revision(spans: Int, textBytes: Int = 10) -> Revision {
        var sketch = RunSketch()
        for span in 0..<spans {
            sketch.add(
                "span \(span)", span: UInt64(span + 1),
                [KeyValue("text", .string(String(repeating: "x", count: textBytes)))])
        }
        return sketch.revision()
    }

    private func sink(
        _ endpoint: String, headers: [(name: String, value: String)] = [],
        compression: OTLPClient.RequestCompression = .gzip, timeout: Duration = .seconds(10),
        limit: Int = 4 << 20, warn: @escaping @Sendable (SinkWarning) -> Void = { _ in }
    ) throws -> OTLPSink {
        try OTLPSink(
            OTLPSink.Configuration(
                client: OTLPClient.Configuration(
                    endpoint: endpoint, headers: headers, compression: compression,
                    timeout: timeout),
                maximumRequestBytes: limit),
            warn: warn)
    }
}
