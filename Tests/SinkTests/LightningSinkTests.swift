import LightningSink
import Mending
import NIOHTTP1
import OTLP
import OTLPSink
import Sinks
import Testing

@Suite struct LightningSinkTests {
    @Test func theStoreGetsOneRequestWithTheRunsIDsAndSequence() async throws {
        var sketch = RunSketch()
        sketch.add(
            "second", trace: 2, span: 2, parent: 1,
            [
                KeyValue("agentlightning.rollout_id", ""),
                KeyValue("agentlightning.span_sequence_id", 99),
            ])
        sketch.add("first", trace: 1, span: 1)
        sketch.spans[0].sequence = 1
        sketch.spans[1].sequence = 0
        sketch.batch.resources[0].attributes = sketch.batch.append(keyValues: [
            KeyValue("service.name", "planner"), KeyValue("agentlightning.attempt_id", "stale"),
        ])
        let (requests, _) = try await deliver(sketch.revision(rollout: "ro-1", attempt: "at-1"))
        let request = try #require(requests.first)
        #expect(requests.count == 1)
        #expect(request.path == "/v1/traces")
        #expect(request.headers["content-type"] == ["application/x-protobuf"])
        #expect(request.headers["content-encoding"] == ["gzip"])
        let body = try request.exportedBytes()
        let batch = try TraceBatch(protobuf: body)
        // Eight zero bytes as parent_span_id would be a parent of that name there.
        #expect(!body.contains([0x22, 8] + Array(repeating: 0, count: 8)))
        #expect(batch.spans.map { batch.string($0.name) } == ["first", "second"])
        #expect(batch.spans.map(\.parentSpanID.word) == [0, 1])
        #expect(batch.spans.map(\.traceID.low) == [1, 2])
        #expect(
            batch.spans.map { span in
                batch.keyValues(span.attributes).filter { $0.key.hasPrefix("agentlightning.") }
            } == [
                [KeyValue("agentlightning.span_sequence_id", 1)],
                [KeyValue("agentlightning.span_sequence_id", 2)],
            ])
        #expect(
            batch.resources.map { batch.keyValues($0.attributes) } == [
                [
                    KeyValue("service.name", "planner"),
                    KeyValue("agentlightning.rollout_id", "ro-1"),
                    KeyValue("agentlightning.attempt_id", "at-1"),
                ]
            ])
    }

    @Test(
        arguments: [
            ("s", [KeyValue("k", "s")]), (true, [KeyValue("k", true)]), (7, [KeyValue("k", 7)]),
            (1.5, [KeyValue("k", 1.5)]), (.bytes([1, 255]), [KeyValue("k", .bytes([1, 255]))]),
            (.empty, []), ([], [KeyValue("k", [])]), ([1, 2], [KeyValue("k", [1, 2])]),
            ([1, 2.5], [KeyValue("k", "[1,2.5]")]), ([true, 2], [KeyValue("k", "[true,2]")]),
            (["a", 1], [KeyValue("k", #"["a",1]"#)]), ([["a"]], [KeyValue("k", #"[["a"]]"#)]),
            (["a", .empty], [KeyValue("k", #"["a",null]"#)]),
            (.array([.bytes([1, 255])]), [KeyValue("k", #"["01ff"]"#)]),
            (.array([.keyValueList([KeyValue("x", 1)])]), [KeyValue("k", #"[{"x":1}]"#)]),
            (.keyValueList([]), []),
            (
                .keyValueList([
                    KeyValue("x", 1), KeyValue("y", .keyValueList([KeyValue("z", "s")])),
                ]),
                [KeyValue("k.x", 1), KeyValue("k.y.z", "s")]
            ),
            (
                .keyValueList([KeyValue("x", .empty), KeyValue("y", [["a"]])]),
                [KeyValue("k.y", #"[["a"]]"#)]
            ),
        ] as [(AnyValue, [KeyValue])])
    func aValueComesInAShapeThatTheStoreTakes(value: AnyValue, expected: [KeyValue]) async throws {
        var sketch = RunSketch()
        let place = sketch.add("span", span: 1, [KeyValue("k", value)])
        let range = sketch.batch.spans[place].attributes
        sketch.batch.resources[0].attributes = range
        var event = EventRecord()
        event.attributes = range
        sketch.batch.events.append(event)
        sketch.batch.spans[place].events = RecordRange(start: 0, count: 1)
        var link = LinkRecord()
        link.traceID = TraceID(high: 0, low: 4)
        link.spanID = SpanID(word: 4)
        link.attributes = range
        sketch.batch.links.append(link)
        sketch.batch.spans[place].links = RecordRange(start: 0, count: 1)
        let (requests, _) = try await deliver(sketch.revision(rollout: "ro", attempt: "at"))
        let batch = try TraceBatch(protobuf: try #require(requests.first).exportedBytes())
        let owners = [
            batch.spans[0].attributes, batch.resources[0].attributes, batch.events[0].attributes,
            batch.links[0].attributes,
        ]
        for owner in owners {
            #expect(batch.keyValues(owner).filter { $0.key.hasPrefix("k") } == expected)
        }
    }

    @Test func whatTheStoreHasNoFieldForStandsInAttributes() async throws {
        var sketch = RunSketch()
        sketch.add("span", span: 1)
        sketch.batch.spans[0].traceState = sketch.batch.append("a=1")
        sketch.batch.spans[0].droppedEventsCount = 3
        sketch.batch.spans[0].endTimeUnixNano = 0
        let (requests, _) = try await deliver(sketch.revision(rollout: "ro", attempt: "at"))
        let batch = try TraceBatch(protobuf: try #require(requests.first).exportedBytes())
        let expected: [KeyValue] = [
            KeyValue("span.kind", "client"), KeyValue("otel.scope.name", "openinference"),
            KeyValue("otel.scope.version", "0.1"), KeyValue("w3c.tracestate", "a=1"),
            KeyValue("otel.dropped_events_count", 3),
            KeyValue("tracemend.reported.end_time_unix_nano", 0),
        ]
        let sent = Set(batch.keyValues(batch.spans[0].attributes))
        for attribute in expected { #expect(sent.contains(attribute), "\(attribute)") }
        #expect(batch.spans[0].endTimeUnixNano == batch.spans[0].startTimeUnixNano)
    }

    @Test func spansThatTheStoreWouldLoseAreNotSentAndTold() async throws {
        var sketch = RunSketch()
        sketch.add("kept", trace: 1, span: 1)
        sketch.add("no span id", trace: 1, span: 0)
        sketch.add("no trace id", trace: 0, span: 2)
        sketch.add("same id", trace: 2, span: 1)
        let (requests, warnings) = try await deliver(sketch.revision(rollout: "ro", attempt: "at"))
        let batch = try TraceBatch(protobuf: try #require(requests.first).exportedBytes())
        #expect(batch.spans.map { batch.string($0.name) } == ["kept"])
        #expect(warnings.map(\.rejectedSpans) == [3])
    }

    @Test(
        arguments: [(nil, nil), ("ro", nil), (nil, "at"), ("", ""), ("ro", "")]
            as [(String?, String?)])
    func aRunWithoutRolloutAndAttemptIsNotForTheStore(
        rollout: String?, attempt: String?
    ) async throws {
        var sketch = RunSketch()
        sketch.add("span", span: 1)
        let (requests, _) = try await deliver(sketch.revision(rollout: rollout, attempt: attempt))
        #expect(requests.isEmpty)
    }

    @Test(arguments: StoreTrouble.all)
    func theStoreTellsBadDataFromTrouble(_ trouble: StoreTrouble) async throws {
        var sketch = RunSketch()
        sketch.add("span", span: 1)
        let revision = sketch.revision(rollout: "ro", attempt: "at")
        try await ScriptedServer.run([.noSpans] + trouble.script) { server in
            let sink = try LightningSink(.init(url: server.url + "/"), warn: { _ in })
            #expect(await sink.failure(of: revision) == trouble.failure)
            try await sink.close()
            let paths = server.requests.map { String($0.path.prefix { $0 != "?" }) }
            #expect(paths == ["/v1/agl/spans"] + trouble.paths)
        }
    }

    struct StoreTrouble: CustomTestStringConvertible {
        var testDescription: String
        /// What the store answers after it has told that it has no spans of the attempt.
        var script: [ScriptedServer.Step]
        var failure: Failure?
        var paths: [String]

        private static let traces = "/v1/traces"
        private static let health = "/v1/agl/health"
        private static let attempts = "/v1/agl/rollouts/ro/attempts"

        static let all = [
            StoreTrouble(
                testDescription: "an unknown attempt",
                script: [.answer(500), .answer(200), .items("")], failure: .permanent,
                paths: [traces, health, attempts]),
            StoreTrouble(
                testDescription: "a run that it refuses twice",
                script: [.answer(500), .answer(200), .knownAttempt, .answer(500)],
                failure: .permanent, paths: [traces, health, attempts, traces]),
            StoreTrouble(
                testDescription: "a trouble that is over",
                script: [.answer(500), .answer(200), .knownAttempt, .answer(200)], failure: nil,
                paths: [traces, health, attempts, traces]),
            StoreTrouble(
                testDescription: "an unhealthy store", script: [.answer(500), .answer(503)],
                failure: .retryable(after: nil), paths: [traces, health]),
            StoreTrouble(
                testDescription: "a store that cannot list attempts",
                script: [.answer(500), .answer(200), .answer(500)],
                failure: .retryable(after: nil), paths: [traces, health, attempts]),
            StoreTrouble(
                testDescription: "a store that is busy",
                script: [.answer(503, headers: [("retry-after", "7")])],
                failure: .retryable(after: .seconds(7)), paths: [traces]),
            StoreTrouble(
                testDescription: "a request that it cannot read", script: [.answer(400)],
                failure: .permanent, paths: [traces]),
            StoreTrouble(
                testDescription: "a wrong token", script: [.answer(401)], failure: .misconfigured,
                paths: [traces]),
            StoreTrouble(
                testDescription: "a wrong address", script: [.answer(404)],
                failure: .misconfigured, paths: [traces]),
        ]
    }

    @Test func spansTooDeepForTheAdaptersHangAtTheDeepestLevelTheyCanWalk() async throws {
        var sketch = RunSketch()
        for number in UInt64(1)...1200 { sketch.add("s", span: number, parent: number - 1) }
        let (requests, _) = try await deliver(sketch.revision(rollout: "ro", attempt: "at"))
        let batch = try TraceBatch(protobuf: try #require(requests.first).exportedBytes())
        #expect(batch.spans.count == 1200)
        var depths: [SpanID: Int] = [:]
        for span in batch.spans { depths[span.spanID] = (depths[span.parentSpanID] ?? -1) + 1 }
        #expect(depths.values.max() == 501)
        let last = batch.spans[1199]
        #expect(
            batch.value("tracemend.reported.parent_span_id", in: last.attributes)
                == .string("\(SpanID(word: 1199))"))
    }

    @Test func aRunWithoutRolloutIsAdoptedOnceAlsoAfterACrash() async throws {
        var sketch = RunSketch()
        sketch.add("span", span: 1)
        let revision = sketch.revision()
        let made = #"{"rollout_id":"ro-9","metadata":{"tracemend.run":"run"}}"#
        let script: [ScriptedServer.Step] = [
            .items(""),
            .answer(
                201,
                body: Array(#"{"rollout_id":"ro-9","attempt":{"attempt_id":"at"}}"#.utf8)),
            .noSpans, .answer(503),
            // The collector starts again, and knows of nothing.
            .items(#"{"rollout_id":"other","metadata":null},\#(made)"#), .knownAttempt,
            .noSpans, .answer(200), .answer(200),
        ]
        try await ScriptedServer.run(script) { server in
            for expected in [Failure.retryable(after: nil), nil] {
                let sink = try LightningSink(
                    .init(url: server.url, adoptsRuns: true), warn: { _ in })
                #expect(sink.wants(revision))
                #expect(await sink.failure(of: revision) == expected)
                try await sink.close()
            }
            let asked = server.requests.map { "\($0.method) \($0.path.prefix { $0 != "?" })" }
            #expect(
                asked == [
                    "GET /v1/agl/rollouts", "POST /v1/agl/rollouts", "GET /v1/agl/spans",
                    "POST /v1/traces", "GET /v1/agl/rollouts",
                    "GET /v1/agl/rollouts/ro-9/attempts", "GET /v1/agl/spans", "POST /v1/traces",
                    "POST /v1/agl/rollouts/ro-9/attempts/at",
                ])
            let sent = try TraceBatch(
                protobuf: server.requests[7].exportedBytes())
            #expect(
                sent.value("agentlightning.rollout_id", in: sent.resources[0].attributes)
                    == "ro-9")
        }
    }

    @Test(arguments: [ScriptedServer.Step.silence, .hangUp])
    func aStoreThatHangsOrHangsUpIsAskedLater(step: ScriptedServer.Step) async throws {
        var sketch = RunSketch()
        sketch.add("span", span: 1)
        let revision = sketch.revision(rollout: "ro", attempt: "at")
        try await ScriptedServer.run([.noSpans, step]) { server in
            let sink = try LightningSink(
                .init(url: server.url, timeout: .milliseconds(500)), warn: { _ in })
            #expect(await sink.failure(of: revision) == .retryable(after: nil))
            try await sink.close()
        }
    }

    @Test(arguments: [500, 503, 200])
    func aStoreThatCannotListItsSpansIsAskedLater(status: Int) async throws {
        var sketch = RunSketch()
        sketch.add("span", span: 1)
        let revision = sketch.revision(rollout: "ro", attempt: "at")
        try await ScriptedServer.run([.answer(status, body: Array("oops".utf8))]) { server in
            let sink = try LightningSink(.init(url: server.url), warn: { _ in })
            #expect(await sink.failure(of: revision) == .retryable(after: nil))
            try await sink.close()
            #expect(server.requests.count == 1)
        }
    }

    private func deliver(
        _ revision: Revision
    ) async throws -> ([ScriptedServer.Request], [SinkWarning]) {
        try await ScriptedServer.run([], rest: .noSpans) { server in
            let warnings = Heard()
            let sink = try LightningSink(
                LightningSink.Configuration(url: server.url), warn: { warnings.append($0) })
            try await sink.deliver(revision)
            try await sink.close()
            return (server.requests.filter { $0.path == "/v1/traces" }, warnings.all)
        }
    }
}

extension ScriptedServer.Step {
    static func items(_ json: String) -> Self {
        .answer(200, body: Array(#"{"items":[\#(json)]}"#.utf8))
    }
    static let noSpans = items("")
    static let knownAttempt = items(#"{"attempt_id":"at","status":"running"}"#)
}
