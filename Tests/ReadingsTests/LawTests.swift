import TestSupport
import Mending
import OTLP
import Readings
import SemanticConventions
import Testing

/// What holds for readings of any spans whatever. The seed is the argument.
@Suite struct LawTests {
    private static let seeds = Array(UInt64(1)...60)

    private static let keys = [
        "gen_ai.operation.name", "gen_ai.response.id", "gen_ai.input.messages",
        "gen_ai.output.messages", "gen_ai.system_instructions", "gen_ai.tool.definitions",
        "gen_ai.request.choice.count", "gen_ai.prompt", "gen_ai.prompt.0", "gen_ai.prompt.0.role",
        "gen_ai.prompt.99999999999999999999.role", "gen_ai.prompt..", "gen_ai.completion.0.content",
        "gen_ai.request.model", "gen_ai.response.0", "prompt_token_ids", "response_token_ids",
        "logprobs.content", "agentlightning.reward", "agentlightning.reward.",
        "agentlightning.reward.0.value", "agentlightning.reward.1.value",
        "agentlightning.reward.-1.value", "agentlightning.reward.0.name", "agentlightning.tag.0",
        "agentops.task.output", "agentops.entity.output", "reward", "agent.name",
        "tracemend.duplicate_of", "ext.step.kind", "tracemend.dialect", "name of none",
        "gen_ai.request." + String(repeating: "a.", count: 3000),
    ]

    private static let texts = [
        "", "chat", "raw", "execute_tool", "0000000000000001", "0000000000000002", "[", "null",
        "1e400", "nan", "0.5", "[]", #"[{"role":"user","parts":[{"type":"text"}]}]"#,
        #"[{"role":"assistant","parts":[{"type":"tool_call"}],"finish_reason":"stop"},1,null]"#,
        #"[{"role":7,"parts":{}}]"#, #"{"type":"reward","value":[1]}"#,
        #"{"type":"reward","value":2}"#, #"[{"type":"function"},{"type":"web"}]"#, "r1", "r2",
        String(repeating: "[", count: 400) + String(repeating: "]", count: 400),
    ]

    private static func value(_ generator: inout SeededGenerator, depth: Int = 0) -> AnyValue {
        switch Int.random(in: 0..<(depth > 3 ? 7 : 9), using: &generator) {
        case 0: .empty
        case 1: .bool(.random(using: &generator))
        case 2: .int([0, -1, 1, .max, .min].randomElement(using: &generator) ?? 0)
        case 3: .double([0, .nan, .infinity, -1.5].randomElement(using: &generator) ?? 0)
        case 4, 5: .string(texts.randomElement(using: &generator) ?? "")
        case 6: .bytes([0, 255])
        case 7:
            .array(
                (0..<Int.random(in: 0..<4, using: &generator)).map { _ in
                    value(&generator, depth: depth + 1)
                })
        default:
            .keyValueList(
                (0..<Int.random(in: 0..<4, using: &generator)).map { _ in
                    KeyValue(
                        ["role", "parts", "type", "content", ""].randomElement(using: &generator)
                            ?? "", value(&generator, depth: depth + 1))
                })
        }
    }

    private static func run(seed: UInt64) -> TraceBatch {
        var generator = SeededGenerator(seed: seed)
        var sketch = RunSketch()
        for _ in 0..<Int.random(in: 0..<40, using: &generator) {
            let time = { (generator: inout SeededGenerator) -> UInt64? in
                Bool.random(using: &generator) ? UInt64.random(in: 0..<9, using: &generator) : nil
            }
            sketch.span(
                UInt64.random(in: 0..<12, using: &generator),
                below: UInt64.random(in: 0..<12, using: &generator),
                ["openai.chat.completion", "agentlightning.annotation", "x"]
                    .randomElement(using: &generator) ?? "", from: time(&generator),
                to: time(&generator), status: Int32.random(in: -1...4, using: &generator),
                (0..<Int.random(in: 0..<9, using: &generator)).map { _ in
                    KeyValue(
                        keys.randomElement(using: &generator) ?? "", value(&generator))
                })
        }
        return sketch.batch
    }

    @Test(arguments: seeds)
    func readingNeverFails(seed: UInt64) throws {
        let batch = Self.run(seed: seed)
        let document = RunDocument(batch)
        for form in ReadingForm.allCases {
            let json = try document.read(form)
            #expect(json.object != nil)
            for line in document.lines(form).text.split(separator: UInt8(ascii: "\n")) {
                _ = try JSONValue(parsing: line, maximumDepth: 512)
            }
        }
        _ = Diagnosis(batch, .init(state: "open")).json(run: "r").serialized()
    }

    @Test(arguments: seeds)
    func aResponseIsCountedOnceAndARewardGivenOnce(seed: UInt64) throws {
        let document = RunDocument(Self.run(seed: seed))
        let triplets = try document.read(.triplets)["triplets"]?.array ?? []
        let ids = triplets.compactMap { $0["metadata"]?["response_id"]?.string }
        #expect(Set(ids).count == ids.count)
        let given = triplets.compactMap { $0["reward"] == .null ? nil : $0["reward"]?.meaning.text }
        var left = (try document.read(.rewards)["rewards"]?.array ?? [])
            .compactMap { $0["value"]?.meaning.text }
        for reward in given {
            let place = try #require(left.firstIndex(of: reward), "it was given by a span")
            left.remove(at: place)
        }
    }

    @Test(arguments: seeds.prefix(20))
    func readingsOfAMendedRunDoNotDependOnTheOrderOfArrival(seed: UInt64) throws {
        let rules = try AdapterFixture.rules.get()
        let batch = Self.run(seed: seed)
        var generator = SeededGenerator(seed: seed &+ 1)
        func mended(_ order: [Int]) throws -> RunDocument {
            var gatherer = TraceBatchGatherer(keys: rules.keyTable)
            try gatherer.add(spans: order, of: batch)
            let run = Mender(rules: rules).mend(gatherer.finish(), identity: .named("r"))
            return RunDocument(run.batch)
        }
        let one = try mended(Array(batch.spans.indices))
        let other = try mended(batch.spans.indices.shuffled(using: &generator))
        for form in [ReadingForm.triplets, .messages, .rewards] {
            #expect(
                String(decoding: one.json(form), as: UTF8.self)
                    == String(decoding: other.json(form), as: UTF8.self))
        }
    }

    /// `match_rewards` of the adapter, as it is written there.
    private static func matched(
        _ calls: [(start: UInt64, end: UInt64)], _ rewards: [(start: UInt64, value: Double)]
    ) -> [Int: Double] {
        let all =
            calls.indices.map { (start: calls[$0].start, place: $0) }
            + rewards.indices.map { (start: rewards[$0].start, place: calls.count + $0) }
        var started: [Int] = []
        var given: [Int: Double] = [:]
        for item in all.sorted(by: { ($0.start, $0.place) < ($1.start, $1.place) }) {
            if item.place < calls.count {
                started.append(item.place)
                continue
            }
            let call = started.reversed().first { calls[$0].end <= item.start && given[$0] == nil }
            if let call { given[call] = rewards[item.place - calls.count].value }
        }
        return given
    }

    @Test(arguments: seeds)
    func rewardsGoWhereTheAdapterPutsThem(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var sketch = RunSketch()
        var calls: [(start: UInt64, end: UInt64)] = []
        var rewards: [(start: UInt64, value: Double)] = []
        for place in 0..<Int.random(in: 1..<30, using: &generator) {
            let start = UInt64.random(in: 0..<40, using: &generator)
            let end = start + UInt64.random(in: 0..<20, using: &generator)
            calls.append((start, end))
            sketch.call(UInt64(place) + 1, from: start, to: end, response: "r\(place)")
        }
        for place in 0..<Int.random(in: 0..<30, using: &generator) {
            let time = UInt64.random(in: 0..<60, using: &generator)
            rewards.append((time, Double(place)))
            sketch.reward(1000 + UInt64(place), at: time, Double(place))
        }
        let expected = Self.matched(calls, rewards)
        let triplets = try sketch.read(.triplets)["triplets"]?.array ?? []
        #expect(triplets.count == calls.count)
        for (place, triplet) in triplets.enumerated() {
            #expect(
                triplet["reward"] == expected[place].map { .double($0) } ?? JSONValue.null,
                "call \(place)")
        }
    }

    @Test func aLargeRunIsReadWithoutRecursion() throws {
        let depth: UInt64 = 30_000
        var sketch = RunSketch()
        for id in 1...depth {
            sketch.call(id, below: id - 1, from: id, to: id, response: "r\(id)")
            sketch.reward(depth + id, at: id, Double(id))
        }
        let triplets = try sketch.read(.triplets)["triplets"]?.array ?? []
        #expect(triplets.count == Int(depth))
        #expect(triplets.last?["reward"] == .double(Double(depth)))
    }
}
