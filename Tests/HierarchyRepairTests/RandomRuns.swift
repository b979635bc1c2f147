import TestSupport
import HierarchyRepair
import OTLP

/// Random runs, healthy and damaged.
enum RandomRuns {
    /// One trace whose children lie in their parents' times.
    static func healthy(count: Int, using generator: inout SeededGenerator) -> [RepairSpan] {
        var spans: [RepairSpan] = []
        for place in 0..<count {
            var span = RepairSpan(
                key: SpanKey(
                    traceID: TraceID(high: 1, low: 1), spanID: SpanID(word: generator.next() | 1)))
            span.flags = 0x100
            span.kind = 1
            span.process = 1
            span.service = 1
            span.scope = 1
            span.nameShape = UInt64.random(in: 1...4, using: &generator)
            span.contentHash = generator.next()
            if place == 0 {
                span.start = 1_000
                span.end = 1_000_000
            } else {
                let parent = spans[Int.random(in: 0..<place, using: &generator)]
                span.parentSpanID = parent.key.spanID
                span.start = UInt64.random(in: parent.start...parent.end, using: &generator)
                span.end = UInt64.random(in: span.start...parent.end, using: &generator)
                let classes: [OperationClass] = [.other, .other, .agent, .step, .model, .tool]
                span.operation = classes.randomElement(using: &generator) ?? .other
            }
            spans.append(span)
        }
        return spans
    }

    /// A run with anything wrong that can be: lost, repeated and shifted spans, cycles, self-parents,
    /// several traces and processes, ids without a value, times without sense.
    static func damaged(count: Int, using generator: inout SeededGenerator) -> [RepairSpan] {
        var spans = healthy(count: count, using: &generator)
        for index in spans.indices {
            switch Int.random(in: 0..<24, using: &generator) {
            case 0: spans[index].parentSpanID = spans[index].key.spanID
            case 1: spans[index].parentSpanID = SpanID(word: generator.next())
            case 2:
                spans[index].parentSpanID =
                    spans.randomElement(using: &generator)?.key.spanID ?? .invalid
            case 3: spans[index].parentSpanID = .invalid
            case 4, 5, 6:
                spans[index].key.traceID.low = UInt64.random(in: 1...3, using: &generator)
            case 7: spans[index].key.spanID = .invalid
            case 8: spans[index].end = 0
            case 9: spans[index].start = generator.next()
            case 10: spans[index].end = .max
            case 11: spans[index].flags = 0x300
            case 12, 13:
                spans[index].process = UInt32.random(in: 0...3, using: &generator)
            case 14: spans[index].kind = Int32.random(in: 0...6, using: &generator)
            case 15: spans[index].scope = UInt32.random(in: 0...3, using: &generator)
            case 16: spans[index].responseID = UInt32.random(in: 1...3, using: &generator)
            case 17: spans[index].linked = spans.randomElement(using: &generator)?.key
            case 18: spans[index].thread = UInt32.random(in: 0...2, using: &generator)
            case 19: spans[index].key.traceID = .invalid
            case 20:
                var copy = spans[index]
                if Bool.random(using: &generator) {
                    copy.end &+= 5
                    copy.contentHash = generator.next()
                }
                spans.append(copy)
            default: break
            }
        }
        let lost = Int.random(in: 0...spans.count / 4, using: &generator)
        for _ in 0..<lost where spans.count > 1 {
            spans.remove(at: Int.random(in: spans.indices, using: &generator))
        }
        return spans
    }
}
