import TestSupport
import OTLP
import SemanticConventions
import Testing

/// Spans of captures with values that no library meant: the laws hold for them too.
@Suite("What holds for spans that went wrong")
struct MutationLawTests {
    private static let samples: [Capture] = Capture.all.filter {
        !$0.name.hasPrefix("web_") && !$0.name.hasPrefix("manual_")
    }

    @Test("Once is enough, nothing is lost, undoing is exact", arguments: samples)
    func laws(_ capture: Capture) throws {
        let schema = try DocumentSchema.conventions().relaxed
        for seed: UInt64 in 1...4 {
            var generator = SeededGenerator(seed: seed)
            let original = mutated(try capture.batch(keys: rules.keyTable), &generator)
            var once = original
            normalizer.normalize(&once)
            var twice = once
            normalizer.normalize(&twice)
            #expect(ordered(twice) == ordered(once), "seed \(seed)")
            var restored = once
            normalizer.restoreOriginals(&restored)
            for span in original.spans.indices {
                let before = original.attributes(ofSpan: span)
                let now = once.attributes(ofSpan: span)
                for (key, value) in before {
                    let moved = now["tracemend.original.\(key)"]
                    #expect(now[key] == value || moved == value, "seed \(seed) \(span) \(key)")
                }
                if now["tracemend.dialect"] != nil {
                    #expect(restored.attributes(ofSpan: span) == before, "seed \(seed) \(span)")
                }
                for key in schema.keys {
                    guard let text = now[key]?.stringValue, before[key]?.stringValue != text else {
                        continue
                    }
                    let error = schema.error(try JSONValue(parsing: text), of: key)
                    #expect(error == nil, "seed \(seed) \(span) \(key)")
                }
            }
        }
    }

    /// Values are dropped, cut off, given to other keys, wrapped, or become another type.
    private func mutated(_ batch: TraceBatch, _ generator: inout SeededGenerator) -> TraceBatch {
        var batch = batch
        for span in batch.spans.indices {
            var entries = batch.keyValues(batch.spans[span].attributes)
            for index in entries.indices.shuffled(using: &generator).prefix(entries.count / 3) {
                switch Int.random(in: 0..<7, using: &generator) {
                case 0: entries[index].value = .empty
                case 1:
                    let text = entries[index].value.stringValue ?? "x"
                    let length = Int.random(in: 0...text.count, using: &generator)
                    entries[index].value = .string(String(text.prefix(length)))
                case 2:
                    let other = Int.random(in: 0..<entries.count, using: &generator)
                    let value = entries[other].value
                    entries[other].value = entries[index].value
                    entries[index].value = value
                case 3: entries[index].value = .array([entries[index].value])
                case 4:
                    entries[index].value = .int(Int64.random(in: .min ... .max, using: &generator))
                case 5:
                    entries[index].value = .string(
                        JSONValue.string(entries[index].value.stringValue ?? "[1]").text)
                default:
                    entries[index].value = .keyValueList([
                        KeyValue("type", "text"), KeyValue("content", entries[index].value),
                    ])
                }
            }
            let attributes = entries.map { batch.makeAttribute($0.key, $0.value) }
            batch.replaceAttributes(ofSpan: span, with: attributes)
        }
        return batch
    }

    private func ordered(_ batch: TraceBatch) -> [[KeyValue]] {
        batch.spans.map { batch.keyValues($0.attributes) }
    }
}

@Suite("Spans without GenAI content")
struct PlainSpanLawTests {
    private static let plain: [Capture] = Capture.all.filter {
        $0.name.hasPrefix("web_") || $0.name.hasPrefix("manual_")
    }

    @Test("Gain the general names and nothing else", arguments: plain)
    func captures(_ capture: Capture) throws {
        let original = try capture.batch(keys: rules.keyTable)
        var batch = original
        normalizer.normalize(&batch)
        for span in original.spans.indices {
            let before = original.attributes(ofSpan: span)
            let now = batch.attributes(ofSpan: span)
            #expect(now.filter { before[$0.key] != nil } == before)
            for key in now.keys where before[key] == nil {
                let isGeneral = ["http.", "url.", "server.", "client.", "network.", "db."]
                    .contains { key.hasPrefix($0) }
                #expect(
                    isGeneral || ["user_agent.original", "service.peer.name"].contains(key),
                    "\(key)")
            }
        }
    }

    @Test("Random attributes of an application stay alone")
    func random() {
        let words = [
            "input", "output", "model", "messages", "name", "state", "agent", "tool", "session",
            "prompt", "user.id", "session.id", "tags", "score", "metadata.x", "type", "query",
        ]
        for seed: UInt64 in 1...200 {
            var generator = SeededGenerator(seed: seed)
            // Two of the words that mean something together make a span of their own.
            let keys = words.shuffled(using: &generator).prefix(3).filter {
                !["input", "output", "model"].contains($0)
            }
            let given = keys.map { KeyValue($0, .string("[{\"role\": \"user\"}]")) }
            let names = ["chat", "invoke_agent x", "execute_tool", "llm_call", "run"]
            var batch = TraceBatch.example(
                names.randomElement(using: &generator) ?? "run", scope: "app", given)
            normalizer.normalize(&batch)
            #expect(batch.keyValues(batch.spans[0].attributes) == given, "seed \(seed)")
        }
    }
}
