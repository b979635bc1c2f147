import TestSupport
import Mending
import OTLP
import Testing

/// A capture and its true structure, as `name{children}` in time order.
struct Truth: Sendable, CustomTestStringConvertible {
    var capture: String
    var tree: String

    init(_ capture: String, _ tree: String) {
        self.capture = capture
        self.tree = tree
    }

    var testDescription: String { capture }
}

/// A mended run as text.
func drawing(of run: MendedRun) -> String {
    let tree = RunTree(run)
    func draw(_ places: some Sequence<Int>) -> String {
        places.map { place in
            let span = run.batch.spans[place]
            let name = run.batch.string(span.name).replacing(" ", with: "_")
            let below = tree.children(of: place)
            return below.isEmpty ? name : "\(name){\(draw(below))}"
        }.joined(separator: " ")
    }
    return draw(tree.roots)
}

@Suite("Captures of real libraries")
struct CaptureTests {
    @Test(
        "Broken captures come out with their true structure",
        arguments: [
            Truth(
                "broken_simple_traceloop",
                "rollout{invoke_agent_solver{openai.chat execute_tool_get_weather "
                    + "openai.chat}}"),
            Truth(
                "broken_retry_traceloop",
                "rollout{openai.chat execute_tool_get_weather openai.chat}"),
            // The agent stands as a placeholder; of the root above it nothing was ever sent.
            Truth(
                "broken_crash_traceloop",
                "lost_parent{openai.chat execute_tool_get_weather openai.chat "
                    + "step_2{openai.chat execute_tool_get_weather openai.chat}}"),
            Truth(
                "broken_upstream_traceloop",
                "POST_/agent/0{openai.chat execute_tool_get_weather openai.chat} "
                    + "POST_/agent/1{openai.chat execute_tool_get_weather openai.chat}"),
            Truth(
                "broken_threads_traceloop",
                "invoke_agent_planner{openai.chat openai.chat openai.chat openai.chat "
                    + "execute_tool_get_weather execute_tool_get_weather openai.chat "
                    + "openai.chat execute_tool_get_weather openai.chat openai.chat}"),
            Truth(
                "multiproc_disconnected",
                "rollout{dispatch{work_worker-1{llm_call tool_call llm_call tool_call} "
                    + "work_worker-0{llm_call tool_call llm_call tool_call} "
                    + "work_worker-2{llm_call tool_call llm_call tool_call}} collect_results}"),
            Truth(
                "multiproc_propagate",
                "rollout{dispatch{work_worker-0{llm_call tool_call llm_call tool_call} "
                    + "work_worker-2{llm_call tool_call llm_call tool_call} "
                    + "work_worker-1{llm_call tool_call llm_call tool_call}} collect_results}"),
            // Each placeholder is the server's span, below the client's.
            Truth(
                "web_flask_partial_new",
                "shopping_session{GET{lost_parent{load_item{create insert select}}} GET "
                    + "GET GET}"),
            Truth(
                "web_flask_partial_old",
                "shopping_session{GET{lost_parent{load_item{create insert select}}} GET "
                    + "GET GET}"),
            Truth(
                "web_fastapi_partial_old",
                "shopping_session{GET{lost_parent{load_item{create insert select} "
                    + "GET_/items/{i}_http_send GET_/items/{i}_http_send}} "
                    + "GET{lost_parent{GET_/items/{i}_http_send GET_/items/{i}_http_send}} "
                    + "GET{lost_parent{GET_/items/{i}_http_send GET_/items/{i}_http_send}} GET}"),
            Truth(
                "web_flask_full_dup",
                "shopping_session{GET{GET_/items/<int:i>{load_item{create insert "
                    + "select}}} GET{GET_/items/<int:i>} GET{GET_/items/<int:i>} GET} GET_/stop"),
            Truth(
                "web_flask_full_old",
                "shopping_session{GET{GET_/items/<int:i>{load_item{create insert "
                    + "select}}} GET{GET_/items/<int:i>} GET{GET_/items/<int:i>} GET} GET_/stop"),
            // The first server answers on after its client had read what it asked for.
            Truth(
                "web_fastapi_full_new",
                "shopping_session{GET{GET_/items/{i}{load_item{create insert select} "
                    + "GET_/items/{i}_http_send GET_/items/{i}_http_send}} "
                    + "GET{GET_/items/{i}{GET_/items/{i}_http_send GET_/items/{i}_http_send}} "
                    + "GET{GET_/items/{i}{GET_/items/{i}_http_send GET_/items/{i}_http_send}} "
                    + "GET}"),
            Truth(
                "web_fastapi_full_dup",
                "shopping_session{GET{GET_/items/{i}{load_item{create insert select} "
                    + "GET_/items/{i}_http_send GET_/items/{i}_http_send}} "
                    + "GET{GET_/items/{i}{GET_/items/{i}_http_send GET_/items/{i}_http_send}} "
                    + "GET{GET_/items/{i}{GET_/items/{i}_http_send GET_/items/{i}_http_send}} "
                    + "GET}"),
            // Instrumentations of 2023, which tell no flags; to stop it is a request of its own.
            Truth(
                "web_flask_full_v1_21",
                "shopping_session{GET{/items/<int:i>{load_item}} GET{/items/<int:i>} "
                    + "GET{/items/<int:i>} GET} /stop"),
            // Two top-level calls; the spans of the library's own set-up hold nothing.
            Truth(
                "haystack_native",
                "haystack.tracing.auto_enable haystack.tracing.auto_enable "
                    + "haystack.pipeline.run{haystack.component.run haystack.component.run} "
                    + "haystack.agent.run{haystack.component.run haystack.component.run "
                    + "haystack.component.run}"),
            Truth(
                "openai_mixed",
                "weather_agent{openai.chat{ChatCompletion} get_weather get_weather "
                    + "openai.chat{ChatCompletion} openai.chat{ChatCompletion} "
                    + "retrieve{openai.embeddings{CreateEmbeddings}} openai.response{Response} "
                    + "openai.chat{ChatCompletion}}"),
            Truth(
                "openai_braintrust",
                "weather_agent{get_weather get_weather retrieve}"),
            Truth(
                "litellm_proxy_otel",
                "Received_Proxy_Server_Request{router router proxy_pre_call "
                    + "litellm_request{raw_gen_ai_request} self} "
                    + "Received_Proxy_Server_Request{router router proxy_pre_call "
                    + "litellm_request{raw_gen_ai_request} self}"),
            // Rewards that come after the end stay roots.
            Truth(
                "agl_otel_tracer",
                "agent_run{agentlightning.operation "
                    + "agentlightning.operation{agentlightning.annotation} "
                    + "agentlightning.message agentlightning.object agentlightning.object "
                    + "agentlightning.exception} agentlightning.annotation "
                    + "agentlightning.annotation"),
        ])
    func truth(of capture: Truth) throws {
        let run = try Mender.builtIn.get().mend(
            try Capture(capture.capture).batch(), identity: .named(capture.capture))
        #expect(drawing(of: run) == capture.tree)
    }

    @Test(
        "Healthy captures come out without any mark",
        arguments: [
            "multiproc_propagate", "openai_agentops", "crewai_openinference", "litellm_proxy_otel",
            "lc_agentops_cb", "web_fastapi_full_dup", "broken_upstream_traceloop", "strands_native",
        ])
    func healthy(capture: String) throws {
        let whole = try Capture(capture).batch()
        for trace in Set(whole.spans.map(\.traceID)) {
            var gatherer = TraceBatchGatherer(keys: .none)
            let own = whole.spans.indices.filter { whole.spans[$0].traceID == trace }
            try gatherer.add(spans: own, of: whole)
            let run = try Mender.builtIn.get().mend(gatherer.finish(), identity: .trace(trace))
            #expect(run.spans.allSatisfy { $0.repair == nil && !$0.isPlaceholder })
            #expect(run.batch.spans.map(\.traceID).allSatisfy { $0 == trace })
            for (span, told) in zip(run.batch.spans, run.spans) {
                #expect(span.parentSpanID == told.reportedParentSpanID)
                let marks = run.batch.keyValues(span.attributes).filter {
                    $0.key.hasPrefix("tracemend.re")
                }
                #expect(marks.isEmpty)
            }
        }
    }
}
