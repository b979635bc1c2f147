import TestSupport
import Mending
import OTLP
import SemanticConventions
import Testing

@Suite("Mending a run")
struct MenderTests {
    private let mender: Mender

    init() throws {
        mender = try Mender.builtIn.get()
    }

    @Test("Each change is told on the span, and the reported ids are kept")
    func marks() {
        var run = RunBuilder()
        run.span(1, trace: 1, from: 0, to: 100, [KeyValue("gen_ai.operation.name", "invoke_agent")])
        run.span(2, trace: 2, from: 10, to: 20)
        let mended = mender.mend(run.batch, identity: .named("r/a"))
        let ids = Set(mended.batch.spans.map(\.traceID))
        #expect(ids.count == 1)
        #expect(!ids.contains(RunBuilder.trace(1)) && !ids.contains(RunBuilder.trace(2)))
        #expect(mended.batch.spans.map(\.parentSpanID.word) == [0, 1])
        #expect(mended.attribute("tracemend.repair.rule", of: 2) == "enclosing_span")
        #expect(mended.attribute("tracemend.repair.confidence", of: 2) == 0.97)
        #expect(mended.attribute("tracemend.reported.parent_span_id", of: 2) == "")
        #expect(
            mended.attribute("tracemend.reported.trace_id", of: 1)
                == .string(RunBuilder.trace(1).description))
        #expect(mended.attribute("tracemend.repair.rule", of: 1) == nil)
        #expect(mended.spans[1].repair == .init(rule: "enclosing_span", confidence: 0.97))
        #expect(mended.spans[1].reported.traceID == RunBuilder.trace(2))
    }

    @Test(
        "What is less sure than asked for does not move",
        arguments: [(0, "enclosing_span"), (0.04, "enclosing_span"), (0.5, nil), (0.9, nil)])
    func leastConfidence(asked: Double, rule: String?) throws {
        var run = RunBuilder()
        run.span(1, trace: 1, from: 0, to: 100)
        let agent = KeyValue("gen_ai.operation.name", "invoke_agent")
        run.span(2, below: 1, trace: 1, from: 5, to: 80, [agent])
        run.span(3, below: 1, trace: 1, from: 6, to: 90, [agent])
        run.span(
            4, trace: 2, from: 20, to: 30, [KeyValue("gen_ai.operation.name", "execute_tool")])
        let mender = Mender(rules: try RuleSet.builtIn(), minimumConfidence: asked)
        let mended = mender.mend(run.batch, identity: .named("r"))
        let told = try #require(mended.spans.first { $0.reported.spanID == SpanID(word: 4) })
        #expect(told.repair?.rule == rule)
        #expect(told.repair.map { $0.confidence < 0.5 } ?? true)
        let tool = mended.batch.spans.first { $0.spanID == SpanID(word: 4) }
        #expect(tool?.parentSpanID == (rule == nil ? .invalid : SpanID(word: 1)))
    }

    @Test("Links follow spans whose trace id changed, and come back when it is undone")
    func links() {
        var run = RunBuilder()
        run.span(1, trace: 1, from: 0, to: 100)
        let linking = run.span(2, trace: 2, from: 200, to: 210)
        let target = SpanKey(traceID: RunBuilder.trace(1), spanID: SpanID(word: 1))
        run.link(linking, to: target)
        let mended = mender.mend(run.batch, identity: .named("r"))
        #expect(mended.batch.links[0].traceID == mended.batch.spans[0].traceID)
        #expect(mended.spans[1].repair?.rule == "linked_trace")
        let again = mender.mend(mended.batch, identity: .named("r"))
        #expect(story(of: again) == story(of: mended))
    }

    @Test("A span id that two traces use stays with the first")
    func collisions() {
        var run = RunBuilder()
        run.span(1, trace: 1, from: 0, to: 100)
        run.span(7, below: 1, trace: 1, from: 1, to: 2)
        run.span(7, trace: 2, from: 10, to: 20)
        run.span(8, below: 7, trace: 2, from: 11, to: 12)
        let mended = mender.mend(run.batch, identity: .named("r"))
        let ids = mended.batch.spans.map(\.spanID)
        #expect(Set(ids).count == 4)
        #expect(ids[1] == SpanID(word: 7))
        #expect(mended.batch.spans[3].parentSpanID == ids[2])
        #expect(mended.notes.count == 1)
        let again = mender.mend(mended.batch, identity: .named("r"))
        #expect(story(of: again) == story(of: mended))
    }

    @Test("A placeholder has its first child's resource, and goes when the parent comes")
    func placeholders() {
        var run = RunBuilder()
        run.span(2, below: 1, from: 10, to: 20, process: "w")
        run.span(3, below: 1, from: 30, to: 40, process: "w")
        let early = mender.mend(run.batch, identity: .trace(RunBuilder.trace(1)))
        #expect(early.spans.map(\.isPlaceholder) == [true, false, false])
        let placeholder = early.batch.spans[0]
        #expect(early.batch.string(placeholder.name) == "lost parent")
        #expect(placeholder.spanID != SpanID(word: 1))
        #expect(placeholder.startTimeUnixNano == 1_000_010)
        #expect(placeholder.endTimeUnixNano == 1_000_040)
        #expect(early.batch.string(early.batch.scope(of: placeholder).name) == "tracemend")
        #expect(
            early.batch.value(
                "service.instance.id", in: early.batch.resource(of: placeholder).attributes) == "w")

        run.span(1, from: 0, to: 50, process: "w")
        let late = mender.mend(run.batch, identity: .trace(RunBuilder.trace(1)))
        #expect(late.batch.spans.map(\.spanID.word) == [1, 2, 3])
        #expect(late.spans.allSatisfy { $0.repair == nil })
    }

    @Test("A placeholder that was delivered stays, and its parent hangs below it")
    func pinnedPlaceholder() {
        var run = RunBuilder()
        run.span(2, below: 1, from: 10, to: 20)
        run.span(3, below: 1, from: 30, to: 40)
        let identity = RunIdentity.trace(RunBuilder.trace(1))
        let early = mender.mend(run.batch, identity: identity)
        run.span(1, from: 0, to: 50)
        run.span(4, below: 1, from: 41, to: 42)
        let late = mender.mend(run.batch, identity: identity, pins: early.pins)
        let placeholder = early.batch.spans[0].spanID
        let parents = Dictionary(
            uniqueKeysWithValues: late.batch.spans.map { ($0.spanID.word, $0.parentSpanID) })
        #expect(parents[placeholder.word] == .invalid)
        #expect(parents[1] == placeholder)
        #expect(parents[2] == placeholder)
        #expect(parents[3] == placeholder)
        #expect(parents[4] == SpanID(word: 1))
        for (reported, pin) in early.pins.spans {
            let told = late.spans.first { $0.reported == reported }
            #expect(told?.sequence == pin.sequence)
        }
    }

    @Test("A run that got its trace id keeps it when another trace joins")
    func pinnedTraceID() {
        var run = RunBuilder()
        run.span(1, trace: 1, from: 0, to: 100)
        let early = mender.mend(run.batch, identity: .named("r"))
        run.span(2, trace: 2, from: 10, to: 20)
        let late = mender.mend(run.batch, identity: .named("r"), pins: early.pins)
        #expect(late.batch.spans.allSatisfy { $0.traceID == RunBuilder.trace(1) })
        #expect(late.spans.map(\.sequence) == [0, 1])
    }

    @Test("An entry span whose caller is elsewhere comes out unchanged")
    func entry() {
        var run = RunBuilder()
        run.span(1, below: 99, from: 0, to: 100, flags: 0x300)
        let mended = mender.mend(run.batch, identity: .trace(RunBuilder.trace(1)))
        #expect(mended.batch.spans[0].parentSpanID == SpanID(word: 99))
        #expect(run.batch.keyValues(mended.batch.spans[0].attributes).isEmpty)
        #expect(mended.spans[0].repair == nil)
    }

    @Test("Marks that hold no ids are dropped, not believed")
    func forgedMarks() {
        var run = RunBuilder()
        run.span(
            1, from: 0, to: 100,
            [
                KeyValue("tracemend.reported.trace_id", "nonsense"),
                KeyValue("tracemend.placeholder", "yes"), KeyValue("kept", 1),
            ])
        let mended = mender.mend(run.batch, identity: .trace(RunBuilder.trace(1)))
        #expect(mended.batch.keyValues(mended.batch.spans[0].attributes).map(\.key) == ["kept"])
        #expect(mended.batch.spans[0].traceID == RunBuilder.trace(1))
    }

    @Test("An empty run is an empty run")
    func empty() {
        let mended = mender.mend(TraceBatch(), identity: .named("r"))
        #expect(mended.spans.isEmpty && mended.batch.spans.isEmpty && mended.notes.isEmpty)
    }

    @Test(
        "Mending a mended capture changes nothing, in whatever order it comes",
        arguments: [
            "broken_crash_traceloop", "broken_retry_traceloop", "broken_threads_traceloop",
            "multiproc_disconnected", "web_fastapi_partial_old", "openai_mixed", "autogen_native",
            "litellm_proxy_otel", "openai_agentops", "anthropic_traceloop", "haystack_native",
            "openai_braintrust", "lc_agentops_cb",
        ])
    func idempotence(capture: String) throws {
        let run = try Capture(capture).batch()
        let mended = mender.mend(run, identity: .named(capture))
        let again = mender.mend(mended.batch, identity: .named(capture))
        #expect(story(of: again) == story(of: mended))
        var gatherer = TraceBatchGatherer(keys: .none)
        try gatherer.add(spans: run.spans.indices.reversed(), of: run)
        let reversed = mender.mend(gatherer.finish(), identity: .named(capture))
        #expect(story(of: reversed) == story(of: mended))
    }

    @Test("A model call that two libraries told counts once")
    func twins() throws {
        let run = mender.mend(
            try Capture("anthropic_traceloop").batch(), identity: .named("anthropic_traceloop"))
        let calls = zip(run.batch.spans, run.spans).filter {
            run.batch.value("gen_ai.response.id", in: $0.0.attributes) != nil
        }
        let counted = calls.filter { $0.1.duplicateOf == nil }
        #expect(calls.count == 6 && counted.count == 3)
        #expect(Set(counted.map(\.0.spanID)) == Set(calls.compactMap(\.1.duplicateOf)))
    }

    @Test("Nested and sibling twins of chats, embeddings and failed calls are all told")
    func mixedTwins() throws {
        let run = mender.mend(
            try Capture("openai_mixed").batch(), identity: .named("openai_mixed"))
        let pairs = zip(run.batch.spans, run.spans).compactMap { span, told -> String? in
            guard let counted = told.duplicateOf,
                let other = run.batch.spans.first(where: { $0.spanID == counted })
            else { return nil }
            return "\(run.batch.string(span.name)) = \(run.batch.string(other.name))"
        }
        #expect(
            pairs == [
                "openai.chat = ChatCompletion", "openai.chat = ChatCompletion",
                "openai.chat = ChatCompletion", "openai.embeddings = CreateEmbeddings",
                "openai.response = Response", "openai.chat = ChatCompletion",
            ])
    }

    @Test("A run beyond the limit is kept whole, in time order, and says why it was not repaired")
    func limit() throws {
        var run = RunBuilder()
        for id in 1...10 as ClosedRange<UInt64> {
            run.span(id, below: 77, from: (id &* 7) % 11, to: 20)
        }
        let mender = Mender(rules: try RuleSet.builtIn(), maximumRepairedSpans: 9)
        let mended = mender.mend(run.batch, identity: .named("r"))
        #expect(mended.spans.count == 10 && mended.notes.count == 1)
        #expect(mended.spans.allSatisfy { !$0.isPlaceholder && $0.repair == nil })
        let starts = mended.batch.spans.map(\.startTimeUnixNano)
        #expect(starts == starts.sorted())
    }
}
