import TestSupport
import OTLP
import SemanticConventions
import Testing

@Suite("What holds for every captured export")
struct NormalizationLawTests {
    @Test("Normalising twice changes nothing more", arguments: Capture.all)
    func twiceIsOnce(_ capture: Capture) throws {
        var once = try capture.batch(keys: rules.keyTable)
        normalizer.normalize(&once)
        var twice = once
        normalizer.normalize(&twice)
        #expect(orderedAttributes(twice) == orderedAttributes(once))
    }

    @Test(
        "Restoring gives the originals back, and normalising them the same", arguments: Capture.all)
    func restoring(_ capture: Capture) throws {
        let original = try capture.batch(keys: rules.keyTable)
        var normalized = original
        normalizer.normalize(&normalized)
        var restored = normalized
        normalizer.restoreOriginals(&restored)
        for span in original.spans.indices {
            let dialect = normalized.value(
                "tracemend.dialect", in: normalized.spans[span].attributes)
            guard dialect != nil else { continue }
            #expect(
                restored.keyValues(restored.spans[span].attributes)
                    == original.keyValues(original.spans[span].attributes))
        }
        normalizer.normalize(&restored)
        #expect(orderedAttributes(restored) == orderedAttributes(normalized))
    }

    @Test("The order of spans and attributes does not matter", arguments: Capture.all)
    func orderDoesNotMatter(_ capture: Capture) throws {
        let original = try capture.batch(keys: rules.keyTable)
        var plain = original
        normalizer.normalize(&plain)
        for seed: UInt64 in 1...3 {
            var generator = SeededGenerator(seed: seed)
            var shuffled = original
            for span in shuffled.spans.indices {
                let attributes = Array(shuffled.attributes(shuffled.spans[span].attributes))
                shuffled.replaceAttributes(
                    ofSpan: span, with: attributes.shuffled(using: &generator))
            }
            shuffled.spans.shuffle(using: &generator)
            normalizer.normalize(&shuffled)
            #expect(shuffled.contents == plain.contents, "seed \(seed)")
        }
    }

    @Test("A batch decoded without the rules' keys comes out the same", arguments: Capture.all)
    func keysDoNotMatter(_ capture: Capture) throws {
        var known = try capture.batch(keys: rules.keyTable)
        var unknown = try capture.batch(keys: .none)
        var other = try capture.batch(keys: KeyTable(["gen_ai.system", "x", "http.method"]))
        normalizer.normalize(&known)
        normalizer.normalize(&unknown)
        normalizer.normalize(&other)
        #expect(unknown.contents == known.contents)
        #expect(other.contents == known.contents)
    }

    @Test(
        "No value is lost: each stays under its key or moves to its original",
        arguments: Capture.all)
    func nothingIsLost(_ capture: Capture) throws {
        let original = try capture.batch(keys: rules.keyTable)
        var normalized = original
        normalizer.normalize(&normalized)
        for span in original.spans.indices {
            let now = normalized.attributes(ofSpan: span)
            for (key, value) in original.attributes(ofSpan: span) {
                #expect(
                    now[key] == value || now["tracemend.original.\(key)"] == value,
                    "\(span) \(key)")
            }
        }
    }

    @Test("No document is empty, and every one is JSON", arguments: Capture.all)
    func documentsSaySomething(_ capture: Capture) throws {
        let original = try capture.batch(keys: rules.keyTable).attributesBySpan
        var batch = try capture.batch(keys: rules.keyTable)
        normalizer.normalize(&batch)
        for (span, attributes) in batch.attributesBySpan {
            for key in ["gen_ai.input.messages", "gen_ai.output.messages"] {
                guard let value = attributes[key], original[span]?[key] != value else { continue }
                let messages = try #require(try json(value)?.array)
                #expect(messages.contains { !($0["parts"]?.array ?? []).isEmpty })
                for message in messages {
                    #expect(message["role"]?.string?.isEmpty == false)
                    for part in message["parts"]?.array ?? [] {
                        #expect(part["type"]?.string?.isEmpty == false, "\(span) \(key)")
                        if part["type"] == "tool_call" {
                            #expect(part["arguments"]?.string == nil)
                        }
                    }
                }
            }
        }
    }

    private func orderedAttributes(_ batch: TraceBatch) -> [[KeyValue]] {
        batch.spans.map { batch.keyValues($0.attributes) }
    }
}
