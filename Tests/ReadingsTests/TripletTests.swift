import OTLP
import Readings
import Testing

@Suite struct TripletTests {
    private static let ids: [KeyValue] = [
        KeyValue("prompt_token_ids", [1, 2]), KeyValue("response_token_ids", [3]),
    ]

    @Test func aDuplicateIsNotCountedAndFillsWhatTheCallDoesNotSay() throws {
        var run = RunSketch()
        run.call(
            1, response: "r1",
            Self.ids + [KeyValue("tracemend.duplicate_of", "0000000000000002")])
        run.call(2, below: 1, response: "r1")
        let triplet = try run.read(.triplets)["triplets"]
        #expect(triplet?.array?.count == 1)
        #expect(triplet?[0]?["prompt"]?["token_ids"] == [1, 2])
        #expect(triplet?[0]?["response"]?["token_ids"] == [3])
        #expect(try run.skipped(.triplets) == ["1 duplicate"])
    }

    @Test func aProxysRawRequestFillsTheCallAboveIt() throws {
        var run = RunSketch()
        run.call(1, response: "r1")
        run.span(
            2, below: 1, "raw_gen_ai_request", Self.ids + [KeyValue("ext.step.kind", "raw")])
        let triplet = try run.read(.triplets)["triplets"]
        #expect(triplet?.array?.count == 1)
        #expect(triplet?[0]?["response"]?["token_ids"] == [3])
        #expect(triplet?[0]?["metadata"]?["response_id"] == "r1")
    }

    @Test func aDuplicateOfASpanThatIsNoCallCountsItself() throws {
        var run = RunSketch()
        run.call(1, response: "r1", [KeyValue("tracemend.duplicate_of", "00000000000000ff")])
        #expect(try run.triplets() == ["r1"])
    }

    @Test func aStepAroundACallIsNoCall() throws {
        var run = RunSketch()
        let operation = KeyValue("gen_ai.operation.name", "chat")
        run.span(
            1, "predict", [operation, KeyValue("tracemend.derived", ["gen_ai.operation.name"])])
        run.call(2, below: 1)
        run.span(3, "asked by hand", [operation])
        #expect(try run.triplets() == ["-", "-"])
        #expect(try run.skipped(.triplets) == ["1 step"])
    }

    @Test func callsBelowARewardBelongToIt() throws {
        var run = RunSketch()
        run.call(1, from: 0, to: 1, response: "r1")
        run.reward(2, at: 2, 0.5)
        run.call(3, below: 2, from: 2, to: 2, response: "judge")
        #expect(try run.triplets() == ["r1=0.5"])
        #expect(try run.skipped(.triplets) == ["3 below_reward"])
    }

    @Test func aPartOfACallIsNotCounted() throws {
        var run = RunSketch()
        run.call(1, response: "r1")
        run.call(2, below: 1)
        run.call(3, below: 1, response: "r3")
        #expect(try run.triplets() == ["r1", "r3"])
        #expect(try run.skipped(.triplets) == ["2 part_of_call"])
    }

    @Test func aRewardWithoutACallIsTold() throws {
        var run = RunSketch()
        run.call(1, from: 5, to: 9, response: "r1")
        run.reward(2, at: 7, 0.5)
        run.call(3, from: 1, to: nil, response: "r3")
        #expect(try run.triplets() == ["r1", "r3"], "whether it had ended is not known")
        #expect(try run.skipped(.triplets) == ["2 unmatched_reward"])
    }

    @Test(
        arguments: [
            (
                #"[{"role":"user","parts":[{"type":"text","content":"hi"}]}]"#,
                #"[{"role":"user","content":"hi"}]"#
            ),
            (
                #"[{"role":"tool","parts":[{"type":"tool_call_response","id":"c","response":{"a":1}}]}]"#,
                #"[{"role":"tool","content":"{\"a\":1}","tool_call_id":"c"}]"#
            ),
            (
                #"[{"role":"assistant","parts":[{"type":"tool_call","id":"c","name":"f","arguments":{"x":[1]}}],"finish_reason":"tool_call"}]"#,
                #"[{"role":"assistant","tool_calls":[{"id":"c","name":"f","arguments":"{\"x\":[1]}"}],"finish_reason":"tool_call"}]"#
            ),
            ("[]", "null"),
        ])
    func rawContentIsMadeOfCanonicalMessages(canonical: String, raw: String) throws {
        var run = RunSketch()
        run.call(1, [KeyValue("gen_ai.input.messages", .string(canonical))])
        let triplet = try run.read(.triplets)["triplets"]?[0]
        #expect(triplet?["prompt"]?["raw_content"]?.text == raw)
    }

    @Test func imagesAreListed() throws {
        var run = RunSketch()
        run.call(
            1,
            [
                KeyValue(
                    "gen_ai.input.messages",
                    #"""
                    [{"role":"user","parts":[{"type":"uri","modality":"image","uri":"http://x/y.png"},
                    {"type":"blob","modality":"image","mime_type":"image/gif","content":"AAA"}]}]
                    """#)
            ])
        let urls = try run.read(.triplets)["triplets"]?[0]?["prompt"]?["image_urls"]
        #expect(urls == ["http://x/y.png", "data:image/gif;base64,AAA"])
    }

    @Test func linesNameTheirRun() throws {
        var run = RunSketch()
        run.call(1, response: "r1")
        run.call(2, response: "r2")
        let text = RunDocument(run.batch).lines(.triplets).text
        let lines = try text.split(separator: UInt8(ascii: "\n")).map { try JSONValue(parsing: $0) }
        #expect(lines.map { $0["metadata"]?["response_id"]?.string } == ["r1", "r2"])
        #expect(lines.allSatisfy { $0["run"] == "ro-1/at-1" && $0["rollout_id"] == "ro-1" })
    }
}
