import LightningSink
import Mending
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
        let batch = try TraceBatch(protobuf: request.exportedBytes())
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

    @Test(
        arguments: [
            (
                [.answer(500), .answer(200, body: Array(#"{"status":"ok"}"#.utf8))],
                Failure.permanent,
                ["/v1/traces", "/v1/agl/health"]
            ),
            (
                [.answer(500), .answer(503)], .retryable(after: nil),
                ["/v1/traces", "/v1/agl/health"]
            ),
            ([.answer(503)], .retryable(after: nil), ["/v1/traces"]),
            ([.answer(400)], .permanent, ["/v1/traces"]),
        ] as [([ScriptedServer.Step], Failure, [String])])
    func theStoresHealthTellsBadDataFromTrouble(
        script: [ScriptedServer.Step], expected: Failure, paths: [String]
    ) async throws {
        var sketch = RunSketch()
        sketch.add("span", span: 1)
        let revision = sketch.revision(rollout: "ro", attempt: "at")
        try await ScriptedServer.run(script) { server in
            let sink = try LightningSink(.init(url: server.url + "/"), warn: { _ in })
            #expect(await failure { try await sink.deliver(revision) } == expected)
            try await sink.close()
            #expect(server.requests.map(\.path) == paths)
        }
    }

    private func deliver(
        _ revision: Revision
    ) async throws -> ([ScriptedServer.Request], [SinkWarning]) {
        try await ScriptedServer.run([]) { server in
            let warnings = Heard()
            let sink = try LightningSink(
                LightningSink.Configuration(url: server.url), warn: { warnings.append($0) })
            try await sink.deliver(revision)
            try await sink.close()
            return (server.requests, warnings.all)
        }
    }
}
