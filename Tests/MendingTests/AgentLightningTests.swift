import TestSupport
import Compression
import Foundation
import Mending
import OTLP
import Testing

/// Runs on which Agent-lightning 0.3.0's own repair was tried, with their true trees. Where it nests
/// parallel calls, moves a reward or loses a subtree, the row says so.
@Suite("Runs that Agent-lightning's repair was tried on")
struct AgentLightningTests {
    @Test(
        "Each comes out with its true tree",
        arguments: [
            Truth(
                "01_repair_moves_llm_under_agent", "session{agent.node{openai.chat.completion}}"),
            Truth(
                "03_repair_needed_for_agent_filter",
                "session{agent.node{openai.chat.completion agent.reward}}"),
            Truth(
                "12_single_child_chain_descends",
                "run_one.session{workflow{agent.node{openai.chat.completion}}}"),
            // Two parallel calls of one agent; its repair leaves the one that lasted as long as it.
            Truth(
                "14_identical_interval_not_moved",
                "session{agent.node{openai.chat.completion openai.chat.completion}}"),
            // Its repair makes a root of each; a program may have several.
            Truth(
                "07_virtual_root_multiple_roots",
                "agent.first agent.second{openai.chat.completion}"),
            Truth(
                "08_missing_parent_ghost_root", "lost_parent{agent.child{openai.chat.completion}}"),
            // Its repair nests each of the parallel calls below the one around it.
            Truth(
                "15_parallel_llm_calls_nest",
                "session{openai.chat.completion openai.chat.completion "
                    + "openai.chat.completion x}"),
            // Of one program's own spans the reported parent is the true one; it moves them.
            Truth("17_stops_when_one_child_left", "session{agent x}"),
            Truth(
                "18_runner_final_reward_second_root",
                "workflow{agent{openai.chat.completion}} agentlightning.annotation"),
            // Its repair hangs the early reward below the call that was open.
            Truth(
                "20_reward_before_end_and_surplus",
                "workflow{openai.chat.completion agentlightning.annotation "
                    + "agentlightning.annotation agentlightning.annotation "
                    + "openai.chat.completion}"),
            // An id of zeros is none; its repair makes a parent of it.
            Truth("29_all_zero_parent_id_is_a_ghost", "s openai.chat.completion"),
            // Two traces use one span id, and name one parent; its repair loses one of the two.
            Truth(
                "30_duplicate_span_id_across_traces",
                "s{openai.chat.completion openai.chat.completion}"),
            // The call has another trace id than the parent that it names.
            Truth("32_clock_skew_not_repaired", "s{agent openai.chat.completion o}"),
        ])
    func tree(of truth: Truth) throws {
        let batch = try AdapterFixture.named(truth.capture).batch
        let run = try Mender.builtIn.get().mend(batch, identity: .named("ro-golden/at-golden"))
        #expect(drawing(of: run) == truth.tree)
        #expect(run.spans.count { !$0.isPlaceholder } == batch.spans.count)
    }
}
