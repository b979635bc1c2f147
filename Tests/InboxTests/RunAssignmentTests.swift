import TestSupport
import Inbox
import OTLP
import Testing

@Suite("Which run a span belongs to")
struct RunAssignmentTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        /// Spans and the ids of their runs; each row is one request.
        var requests: [[(SpanSketch, String)]]

        init(_ name: String, _ requests: [(SpanSketch, String)]...) {
            testDescription = name
            self.requests = requests
        }
    }

    static let trace = RunKey.trace(low: 1).id

    static let cases: [Case] = [
        Case("nothing is named: the trace", [(span(1), trace), (span(2, under: 1), trace)]),
        Case(
            "its trace names one run, and the span is no relative",
            [(span(1, of: "r", "a"), "r/a"), (span(9, under: 8), "r/a")]),
        Case(
            "the pair comes in a later request",
            [(span(2, under: 1), "r/a")], [(span(1, of: "r", "a"), "r/a")]),
        Case(
            "two attempts under one trace stay apart",
            [(span(1, of: "r", "a"), "r/a"), (span(2, of: "r", "b"), "r/b")],
            [(span(3, under: 1), "r/a"), (span(4, under: 2), "r/b")]),
        Case(
            "a rollout without attempt is a run of its own",
            [(span(1, .rollout("r")), "r/"), (span(2, of: "r", "a"), "r/a")],
            [(span(3, under: 1), "r/"), (span(4, under: 2), "r/a")]),
        Case(
            "the nearest ancestor",
            [
                (span(1, of: "r", "a"), "r/a"), (span(2, under: 1, of: "r", "b"), "r/b"),
                (span(3, under: 2), "r/b"), (span(4, under: 3), "r/b"),
            ]),
        Case(
            "the nearest descendant",
            [
                (span(1), "r/a"), (span(2, under: 1, of: "r", "a"), "r/a"),
                (span(3, under: 1), "r/b"), (span(4, under: 3, of: "r", "b"), "r/b"),
            ]),
        Case(
            "the ancestor wins at equal distance",
            [
                (span(1, of: "r", "a"), "r/a"), (span(2, under: 1), "r/a"),
                (span(3, under: 2, of: "r", "b"), "r/b"),
            ]),
        Case(
            "a nearer descendant wins over an ancestor",
            [
                (span(1, of: "r", "a"), "r/a"), (span(2, under: 1), "r/a"),
                (span(3, under: 2), "r/b"), (span(4, under: 3, of: "r", "b"), "r/b"),
            ]),
        Case(
            "descendants that disagree do not count",
            [
                (span(1), trace), (span(2, under: 1, of: "r", "a"), "r/a"),
                (span(3, under: 1, of: "r", "b"), "r/b"),
            ]),
        Case(
            "descendants that disagree leave it to a farther ancestor",
            [
                (span(1, of: "r", "c"), "r/c"), (span(2, under: 1), "r/c"),
                (span(3, under: 2), "r/c"),
                (span(4, under: 3, of: "r", "a"), "r/a"), (span(5, under: 3, of: "r", "b"), "r/b"),
            ]),
        Case(
            "descendants at equal distance that agree",
            [
                (span(1), "r/a"), (span(2, under: 1, of: "r", "a"), "r/a"),
                (span(3, under: 1, of: "r", "a"), "r/a"), (span(9, of: "r", "b"), "r/b"),
            ]),
        Case(
            "no relative and two runs: the trace",
            [
                (span(1, of: "r", "a"), "r/a"), (span(2, of: "r", "b"), "r/b"),
                (span(9, under: 8), trace),
            ]),
        Case(
            "a cycle without a run, and one with",
            [
                (span(1, under: 2), trace), (span(2, under: 1), trace), (span(3, under: 2), trace),
                (span(4, under: 6, of: "r", "a"), "r/a"), (span(5, under: 4), "r/a"),
                (span(6, under: 5), "r/a"), (span(7, of: "r", "b"), "r/b"),
                (span(8, under: 8), trace),
            ]),
        Case(
            "a copy of a span that names a run counts as the span",
            [(span(2, under: 1), "r/a"), (span(1), "r/a"), (span(9, of: "r", "b"), "r/b")],
            [(span(1, of: "r", "a"), "r/a")]),
        Case(
            "traces do not mix",
            [
                (span(1, of: "r", "a"), "r/a"),
                (span(2, under: 1, in: 2), RunKey.trace(low: 2).id),
            ]),
        Case(
            "an invalid trace id ties nothing together",
            [
                (span(1, in: 0, of: "r", "a"), "r/a"),
                (span(2, under: 1, in: 0), RunKey.trace(low: 0).id),
            ]),
    ]

    @Test("A span belongs to", arguments: cases)
    func assign(_ row: Case) {
        for order in [row.requests, row.requests.reversed()] {
            for turned in [false, true] {
                let requests = order.map { turned ? $0.reversed() : $0 }
                let assignment = RunAssignment(
                    requests.map { request in
                        .init(
                            batch: RequestSketch(spans: request.map(\.0)).batch, context: .none)
                    }, runKeyAttributes: [])
                for (place, request) in requests.enumerated() {
                    for (index, (sketch, run)) in request.enumerated() {
                        #expect(
                            assignment.run(ofSpan: index, inRequest: place).id == run,
                            "span \(sketch.id)")
                    }
                }
            }
        }
    }

    @Test func `The spans of a run are listed by request`() {
        let requests = [request(span(1, of: "r", "a"), span(2, in: 2)), request(span(3, under: 1))]
        let assignment = RunAssignment(
            requests.map { .init(batch: $0.batch, context: .none) }, runKeyAttributes: [])
        #expect(assignment.runs == [.of("r", "a"), .trace(low: 2)])
        #expect(assignment.spans(of: .of("r", "a")) == [[0], [0]])
        #expect(assignment.spans(of: .trace(low: 2)) == [[1], []])
        #expect(assignment.spans(of: .rollout("r")) == [[], []])
    }

    @Test func `A chain of a hundred thousand spans is assigned in one go`() {
        let length: UInt64 = 100_000
        var spans = [span(1, of: "r", "a"), span(length + 1, under: length, of: "r", "b")]
        for id in 2...length { spans.append(span(id, under: id - 1)) }
        let assignment = RunAssignment(
            [.init(batch: RequestSketch(spans: spans).batch, context: .none)], runKeyAttributes: [])
        // Of the spans between, the upper half is nearer to the top; the middle one to the top too.
        #expect(assignment.spans(of: .of("r", "a"))[0].count == Int(length) / 2 + 1)
        #expect(assignment.spans(of: .of("r", "b"))[0].count == Int(length) / 2)
    }

    @Test(
        "A request of very many traces takes its time once, not once a trace",
        .timeLimit(.minutes(1)))
    func manyTraces() async throws {
        let count: UInt64 = 30_000
        let sketch = RequestSketch(spans: (1...count).map { span($0, in: $0) })
        let assignment = RunAssignment(
            [.init(batch: sketch.batch, context: .none)], runKeyAttributes: [])
        #expect(assignment.runs.count == Int(count))
        for (place, run) in assignment.runs.enumerated() {
            let spans = assignment.spans(of: run)
            guard spans != [[place]] else { continue }
            Issue.record("\(run) has \(spans)")
        }
        try await withScratch { scratch in
            try await scratch.open { inbox in
                let id = try await inbox.append(sketch)
                #expect(try await inbox.sources(.trace(low: count)) == [id])
                // As many runs in one trace that they share.
                let runs = (1...count / 10).map { span($0, in: 0xFF_FFFF, of: "r", "\($0)") }
                let sharing = RequestSketch(spans: [span(count, in: 0xFF_FFFF)] + runs)
                let shared = try await inbox.append(sharing)
                #expect(try await inbox.sources(.of("r", "1")) == [shared])
            }
        }
    }

    /// A slow reading of the rule: walks from each span.
    static func slowly(_ spans: [SpanSketch]) -> [String] {
        let parents = Dictionary(uniqueKeysWithValues: spans.map { ($0.id, $0.parent) })
        let names = Dictionary(
            uniqueKeysWithValues: spans.map { span in
                (span.id, span.attributes.first?.value.stringValue)
            })
        func hops(from span: UInt64, to ancestor: UInt64) -> Int? {
            var at = span
            for hops in 0...spans.count {
                if at == ancestor { return hops }
                guard let next = parents[at], next != 0, parents[next] != nil else { return nil }
                at = next
            }
            return nil
        }
        let named = spans.filter { !$0.attributes.isEmpty }
        let all = Set(named.compactMap { names[$0.id] ?? nil })
        return spans.map { span in
            if let own = names[span.id] ?? nil { return own + "/" }
            if all.count == 1, let only = all.first { return only + "/" }
            let above = named.compactMap { other in
                hops(from: span.id, to: other.id).map { ($0, names[other.id] ?? nil) }
            }.min { $0.0 < $1.0 }
            let below = named.compactMap { other in
                hops(from: other.id, to: span.id).map { ($0, names[other.id] ?? nil) }
            }
            let nearest = below.map(\.0).min() ?? .max
            let agreed = Set(below.filter { $0.0 == nearest }.map(\.1))
            if agreed.count == 1, nearest < above?.0 ?? .max, let run = agreed.first ?? nil {
                return run + "/"
            }
            if let run = above?.1 { return run + "/" }
            return trace
        }
    }

    @Test("Random trees and cycles are assigned as the rule says", arguments: 1...300)
    func law(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let count = UInt64.random(in: 1...14, using: &random)
        let spans = (1...count).map { id in
            let parent = UInt64.random(in: 0...count + 1, using: &random)
            return Int.random(in: 0..<4, using: &random) == 0
                ? span(
                    id, under: parent,
                    .rollout(.string(["x", "y", "z"].randomElement(using: &random) ?? "x")))
                : span(id, under: parent)
        }
        let expected = Self.slowly(spans)
        let order = spans.indices.shuffled(using: &random)
        let assignment = RunAssignment(
            [.init(batch: RequestSketch(spans: order.map { spans[$0] }).batch, context: .none)],
            runKeyAttributes: [])
        for (place, index) in order.enumerated() {
            #expect(
                assignment.run(ofSpan: place, inRequest: 0).id == expected[index],
                "seed \(seed), span \(spans[index].id)")
        }
    }
}
