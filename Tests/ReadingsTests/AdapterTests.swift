import TestSupport
import OTLP
import Readings
import Testing

/// Beside what the adapters of Agent-lightning 0.3.0 return; see docs/readings.md for the reasons
/// of each difference.
@Suite struct AdapterTests {
    /// A triplet in one line: response id, agent, token ids, reward.
    private static func row(_ triplet: JSONValue) -> String {
        func ids(_ side: String) -> String {
            (triplet[side]?["token_ids"]?.array ?? []).map(\.text).joined(separator: ",")
        }
        let reward = triplet["reward"].map { $0 == .null ? "" : " = \($0.meaning.text)" } ?? ""
        let id = triplet["metadata"]?["response_id"]?.string ?? "-"
        let agent = triplet["metadata"]?["agent_name"]?.string ?? "-"
        return "\(id) \(agent) [\(ids("prompt"))]→[\(ids("response"))]\(reward)"
    }

    /// What is read differently, and what instead.
    private static let differences: [String: [String]] = [
        // Its adapter for tracers knows no proxy's spans; ours matches rewards by time alone.
        "09_llm_proxy_sequence_rewards": [
            "A * [1,1]→[2,2] = 0.3", "B * [3,3]→[4,4] = 0.2", "C * [5,5]→[6,6] = 0.1",
        ],
        // It fails for all spans where one reward is malformed.
        "21a_exact_prefix": ["r1 * [1]→[2]"],
        "21b_gap_index": ["r1 * [1]→[2]"],
        "21d_prefix_lookalike": ["r1 * [1]→[2]"],
        "21e_agentops_list_output": ["r1 * [1]→[2]"],
        // It knows no call by its operation.
        "22_otel_genai_semconv_unnormalised": ["r1 planner []→[]"],
        // It fails for all spans where an attribute has the name of a prefix.
        "24_exact_prefix_key_crashes": ["- * []→[]"],
        // It fails for all spans where a time is missing, and where there is no root.
        "26_null_timestamps_crash": ["r1 * [1]→[2]"],
        "28_only_cycle_raises": ["r2 * [1]→[2]", "r3 * [1]→[2]"],
        // It takes span ids of two traces for one.
        "30_duplicate_span_id_across_traces": ["r1 * [1]→[2]", "r2 * [1]→[2]"],
        // It does not read gen_ai.agent.name.
        "33_agent_name_sources": [
            "rc1 A1 [1]→[2]", "rc2 A2 [1]→[2]", "rc3 A3 [1]→[2]", "rc4 A4 [1]→[2]",
            "rc5 A5 [1]→[2]", "rc6 A6 [1]→[2]", "rc7 A7 [1]→[2]", "rc8 A8 [1]→[2]",
            "rc9 high [1]→[2]",
        ],
    ]

    /// Calls that mending hangs below their agent, which then names them; its own repair does so in
    /// all of these but one call, which lasted exactly as long as the agent.
    private static let mendedAgents: [String: [String]] = [
        "01_repair_moves_llm_under_agent": ["resp-planner planner [42]→[7]"],
        "03_repair_needed_for_agent_filter": ["resp-planner planner [7]→[8] = 0.3"],
        "12_single_child_chain_descends": ["r a [1]→[2]"],
        "14_identical_interval_not_moved": ["r1 a [1]→[2]", "r2 a [1]→[2]"],
    ]

    @Test(arguments: try AdapterFixture.all.get())
    func tripletsOfReportedSpansAreTheSame(fixture: AdapterFixture) throws {
        // Without mending a proxy's span says nothing that both read.
        guard fixture.name != "09_llm_proxy_sequence_rewards" else { return }
        let read = try RunDocument(fixture.batch).read(.triplets)
        if let rows = Self.differences[fixture.name] {
            #expect(read["triplets"]?.array?.map(Self.row) == rows)
            #expect(
                read["triplets"]?.meaning != fixture.json["triplets"]?.meaning,
                "it is listed as a difference")
        } else {
            #expect(read["triplets"]?.meaning == fixture.json["triplets"]?.meaning)
        }
    }

    @Test(arguments: try AdapterFixture.all.get())
    func tripletsOfMendedSpansAreTheSame(fixture: AdapterFixture) throws {
        let read = try RunDocument(try fixture.mended()).read(.triplets)
        let triplets = read["triplets"]?.array ?? []
        let expected =
            Self.differences[fixture.name] ?? Self.mendedAgents[fixture.name]
            ?? fixture.json["triplets"]?.array?.map(Self.row)
        #expect(triplets.map(Self.row) == expected)
        guard Self.differences[fixture.name] == nil else { return }
        for (ours, theirs) in zip(triplets, fixture.json["triplets"]?.array ?? []) {
            for key in ["prompt", "response"] {
                #expect(ours[key]?.meaning == theirs[key]?.meaning, "\(key)")
            }
            // Mending adds canonical attributes, which are metadata too.
            for key in ["request", "response"] {
                for member in theirs["metadata"]?[key]?.object ?? [] {
                    #expect(
                        ours["metadata"]?[key]?[member.name]?.meaning == member.value.meaning,
                        "\(key).\(member.name)")
                }
            }
        }
    }

    @Test(arguments: try AdapterFixture.all.get())
    func rewardsAreTheSame(fixture: AdapterFixture) throws {
        let read = try RunDocument(try fixture.mended()).read(.rewards)
        var ours: [JSONValue.Member] = []
        for reward in read["rewards"]?.array ?? [] {
            let value: JSONValue = [
                "value": reward["value"] ?? .null, "dimensions": reward["dimensions"] ?? .null,
            ]
            ours.append(.init(reward["span_id"]?.string ?? "", value))
        }
        if fixture.name.hasPrefix("21"), fixture.json["final_reward"]?["error"] != nil {
            #expect(ours.isEmpty)
            #expect(read["final_reward"] == .null)
            let isTold = read["skipped"]?.array?.isEmpty == false
            let isReward = ["21a_exact_prefix", "21b_gap_index"].contains(fixture.name)
            #expect(isTold == isReward, "what is no reward at all is not told")
        } else {
            #expect(JSONValue.object(ours).meaning == fixture.json["rewards"]?.meaning)
            #expect(read["final_reward"]?.meaning == fixture.json["final_reward"]?.meaning)
        }
    }

    /// The fixtures whose calls have whole conversations; those of all others are told.
    private static let conversations: [String: String] = [
        "04_multimodal_payloads": """
        [{"messages":[{"role":"user","content":[{"type":"text","text":"Question"},\
        {"type":"image_url","image_url":{"url":"file:///data/test.png"}}]},\
        {"role":"assistant","content":"10 items"}],"tools":null},\
        {"messages":[{"role":"user","content":[{"type":"text","text":"Question"},\
        {"type":"image_url","image_url":{"url":"data:image/jpeg;base64,AAA"}}]},\
        {"role":"assistant","content":"13 items"}],"tools":null}]
        """,
        "22_otel_genai_semconv_unnormalised": """
        [{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"yo"}],\
        "tools":null}]
        """,
        "25_weave_style_attributes": """
        [{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"yo"}],\
        "tools":null}]
        """,
        "38_messages_model_only_span_gives_empty_entry": """
        [{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":null,\
        "tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]}],\
        "tools":null}]
        """,
    ]

    @Test(arguments: try AdapterFixture.all.get())
    func messagesAreTheSame(fixture: AdapterFixture) throws {
        let batch = try fixture.mended()
        let read = try RunDocument(batch).read(.messages)
        let ours = read["messages"]?.meaning
        if fixture.name == "11_messages_tool_calls" {
            #expect(ours == fixture.json["messages"]?.meaning)
        } else if let expected = Self.conversations[fixture.name] {
            #expect(ours == (try JSONValue(parsing: expected).meaning))
        } else {
            #expect(ours == [])
            let triplets = try RunDocument(batch).read(.triplets)["triplets"]?.array ?? []
            let told = read["skipped"]?.array?.filter {
                ["no_prompt", "no_answer"].contains($0["cause"]?.string)
            }
            #expect(told?.count == triplets.count, "each call without a conversation is told")
        }
    }
}
