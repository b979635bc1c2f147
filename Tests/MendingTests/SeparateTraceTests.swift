import TestSupport
import Mending
import OTLP
import Testing

/// Programs without a rollout id whose process made several traces, assembled as one run. What the
/// program did (`meta.json`) and the raw parents and links say what belongs together.
@Suite("Runs of many traces join only what belongs together")
struct SeparateTraceTests {
    struct Beside: Sendable, CustomTestStringConvertible {
        var capture: String
        var topLevelCalls: Int

        init(_ capture: String, _ topLevelCalls: Int) {
            self.capture = capture
            self.topLevelCalls = topLevelCalls
        }

        var testDescription: String { capture }
    }

    private func mended(_ batch: TraceBatch, _ name: String) throws -> MendedRun {
        try Mender.builtIn.get().mend(batch, identity: .named(name))
    }

    @Test(
        "Top-level calls one after the other stay beside each other, each with what it had",
        arguments: [
            // A completion with tool calls, one with the result, a streamed, a failing, an embedding.
            Beside("litellm_otel", 5), Beside("litellm_arize_phoenix", 5),
            Beside("litellm_otel_vllm", 2),
            // A graph, then three chains: one plain, one streamed, one that fails.
            Beside("lc_agentops_cb", 4), Beside("lc_langfuse", 4), Beside("lc_langsmith", 4),
            Beside("lc_openinference", 4), Beside("lc_traceloop", 4),
            Beside("lc_traceloop_040", 4), Beside("lc_traceloop_openai", 4),
            Beside("llamaindex_openinference", 4), Beside("dspy_openinference", 3),
            Beside("oaiagents_openinference", 2), Beside("pydantic_ai_04", 3),
            Beside("pydantic_ai_native", 3), Beside("haystack_ext", 2),
        ])
    func beside(row: Beside) throws {
        let batch = try Capture(row.capture).batch()
        let run = try mended(batch, row.capture)
        #expect(run.batch.spans.count == batch.spans.count)
        #expect(Set(run.batch.spans.map(\.traceID)).count == 1)
        #expect(run.batch.spans.count { !$0.parentSpanID.isValid } == row.topLevelCalls)
        for (span, told) in zip(run.batch.spans, run.spans) {
            #expect(span.parentSpanID == told.reportedParentSpanID)
            #expect(told.repair == nil && !told.isPlaceholder)
        }
    }

    @Test("A group chat's messages hang below what made them, as their links tell")
    func groupChat() throws {
        let batch = try Capture("autogen_native").batch()
        let run = try mended(batch, "autogen_native")
        var links: [SpanKey: SpanID] = [:]
        for span in batch.spans where !span.parentSpanID.isValid {
            for link in batch.links[span.links.indices] { links[span.key] = link.spanID }
        }
        #expect(links.count == 19)
        #expect(run.batch.spans.count == batch.spans.count)
        for (span, told) in zip(run.batch.spans, run.spans) {
            #expect(span.parentSpanID == links[told.reported] ?? told.reportedParentSpanID)
            #expect(told.repair?.rule == (links[told.reported] == nil ? nil : "linked_trace"))
        }
        let roots = run.batch.spans.filter { !$0.parentSpanID.isValid }
        #expect(
            roots.map { String(run.batch.string($0.name).prefix(38)) } == [
                "create_agent weather", "create_agent critic",
                "autogen create RoundRobinGroupChatMana",
            ])
    }
}
