import TestSupport
import Mending
import OTLP
import Testing

@Suite("Laws of mending, on random runs")
struct MenderLawTests {
    static let seeds: [UInt64] = Array(1...80)
    private let mender: Mender

    init() throws {
        mender = try Mender.builtIn.get()
    }

    /// Spans with anything wrong that can be, in random order.
    private func batch(seed: UInt64) -> TraceBatch {
        var state = SeededGenerator(seed: seed)
        func pick(_ bound: UInt64) -> UInt64 { UInt64.random(in: 0..<bound, using: &state) }
        var run = RunBuilder()
        let operations: [[KeyValue]] = [
            [], [KeyValue("gen_ai.operation.name", "invoke_agent")],
            [
                KeyValue("gen_ai.operation.name", "chat"),
                KeyValue("gen_ai.response.id", .string("r\(pick(4))")),
                KeyValue("gen_ai.usage.input_tokens", 3),
            ],
            [KeyValue("http.request.method", "GET")], [KeyValue("traceloop.span.kind", "task")],
        ]
        for _ in 0...pick(40) {
            let start = pick(1_000)
            let span = run.span(
                pick(8) == 0 ? pick(2) : pick(1_000), below: pick(3) == 0 ? 0 : pick(60),
                trace: 1 + pick(3), from: start, to: pick(12) == 0 ? 0 : start + pick(500),
                name: "work \(pick(4))", process: "p\(pick(3))", scope: "s\(pick(3))",
                flags: [0, 0x100, 0x100, 0x300][Int(pick(4))], operations[Int(pick(5))])
            run.batch.spans[span].kind = Int32(pick(6))
            if pick(6) == 0, let target = run.batch.spans.randomElement(using: &state) {
                run.link(span, to: target.key)
            }
            if pick(8) == 0 { run.batch.spans.append(run.batch.spans[span]) }
        }
        run.batch.spans.shuffle(using: &state)
        return run.batch
    }

    @Test("Mending a mended run changes nothing", arguments: seeds)
    func idempotence(seed: UInt64) {
        let mended = mender.mend(batch(seed: seed), identity: .named("r"))
        let again = mender.mend(mended.batch, identity: .named("r"))
        #expect(story(of: again) == story(of: mended), "seed \(seed)")
    }

    @Test("The order of arrival leaves no trace", arguments: seeds)
    func order(seed: UInt64) {
        let run = batch(seed: seed)
        var shuffled = run
        var state = SeededGenerator(seed: seed &+ 500)
        shuffled.spans.shuffle(using: &state)
        let mended = mender.mend(run, identity: .named("r"))
        let other = mender.mend(shuffled, identity: .named("r"))
        #expect(story(of: other) == story(of: mended), "seed \(seed)")
        #expect(other.notes == mended.notes, "seed \(seed)")
    }

    @Test("With what was delivered pinned, mending again changes nothing", arguments: seeds)
    func pins(seed: UInt64) {
        let run = batch(seed: seed)
        let mended = mender.mend(run, identity: .named("r"))
        let pins = mended.pins
        guard pins.spans.count == mended.spans.count else { return }
        let again = mender.mend(run, identity: .named("r"), pins: pins)
        func placing(_ run: MendedRun) -> [String] {
            zip(run.batch.spans, run.spans).map {
                "\($0.key) \($0.parentSpanID) \($1.sequence) \(String(describing: $1.duplicateOf))"
            }.sorted()
        }
        #expect(placing(again) == placing(mended), "seed \(seed)")
    }

    @Test("Every parent of a mended run is there or was never sent", arguments: seeds)
    func forest(seed: UInt64) {
        let run = mender.mend(batch(seed: seed), identity: .named("r"))
        var seen: Set<SpanID> = []
        for (span, told) in zip(run.batch.spans, run.spans) {
            #expect(
                !span.parentSpanID.isValid || seen.contains(span.parentSpanID)
                    || span.parentSpanID == told.reportedParentSpanID, "seed \(seed)")
            #expect(seen.insert(span.spanID).inserted, "seed \(seed)")
        }
    }
}
