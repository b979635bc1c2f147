import Foundation
import HierarchyRepair
import Mending
import OTLP
import RepairCases
import SemanticConventions

// What the repair of large and hostile runs costs: CPU time and the process's peak memory.

func span(_ place: Int, _ start: UInt64, _ end: UInt64, below parent: Int = 0) -> RepairSpan {
    var span = RepairSpan(
        key: SpanKey(traceID: TraceID(high: 1, low: 1), spanID: SpanID(word: UInt64(place) + 1)))
    span.start = start
    span.end = end
    span.flags = 0x100
    span.kind = 1
    span.process = 1
    span.service = 1
    span.scope = 1
    if parent != 0 || place > 0 { span.parentSpanID = SpanID(word: UInt64(parent) + 1) }
    return span
}

func peakMegabytes() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM") } ?? ""
    return (Int(line.split(separator: " ").dropFirst().first { Int($0) != nil } ?? "0") ?? 0) / 1024
}

let picked = CommandLine.arguments.dropFirst().joined(separator: " ")

func isPicked(_ name: String) -> Bool { picked.isEmpty || name.contains(picked) }

func measure(_ name: String, _ work: () -> Int) {
    var nodes = 0
    let before = clock()
    nodes = work()
    let milliseconds = (clock() - before) / (CLOCKS_PER_SEC / 1000)
    print("\(name): \(nodes) spans in \(milliseconds) ms CPU, peak \(peakMegabytes()) MB")
}

func repair(_ name: String, _ make: @autoclosure () -> [RepairSpan]) {
    guard isPicked(name) else { return }
    let spans = make()
    measure(name) { RepairedTree(repairing: spans, identity: StableHash("run")).nodes.count }
}

let count = 100_000
let n = UInt64(count)
repair("chain", (0..<count).map { span($0, UInt64($0), 2 * n - UInt64($0), below: max(0, $0 - 1)) })
repair("star", (0..<count).map { span($0, UInt64($0), 2 * n) })
repair(
    "10,000 crossing orphans",
    (0..<10_000).map { place in
        var one = span(place, UInt64(place) * 1_000, UInt64(place) * 1_000 + 5_000_000)
        if place > 0 { one.parentSpanID = SpanID(word: UInt64(place) + 10_000_000) }
        return one
    })
repair(
    "100,000 orphans of as many lost parents",
    (0..<count).map { place in
        var one = span(place, UInt64(place), 10 * n)
        one.parentSpanID = SpanID(word: UInt64(place) + 10_000_000)
        return one
    })
repair(
    "100,000 traces open at once",
    (0..<count).map { place in
        var one = span(place, UInt64(place), 10 * n + UInt64(place % 1_000))
        one.key.traceID.low = UInt64(place) + 1
        one.parentSpanID = .invalid
        one.nameShape = UInt64(place)
        return one
    })
repair(
    "4,900 orphans in groups, open at once below 95,100 steps",
    (0..<count).map { place in
        let group = UInt64(place % 100) * 1_000_000_000
        var one = span(place, group + UInt64(place), group + 900_000_000 - UInt64(place % 977))
        guard place > 0 else { return span(0, 0, 100_000_000_000) }
        one.operation = place < 95_100 ? .step : .model
        if place >= 95_100 { one.parentSpanID = SpanID(word: UInt64(place) + 10_000_000) }
        return one
    })
repair(
    "50,000 flat calls below 50,000 steps",
    (0..<count).map { place in
        var one = span(place, UInt64(place), 10 * n - UInt64(place % 7))
        one.operation = place % 2 == 0 ? .step : .model
        one.scope = UInt32(place % 2) + 1
        return one
    })
repair(
    "50,000 clients and as many servers",
    (0..<count).map { place in
        let start = UInt64(place / 2) * 1_000
        var one = span(place, start + UInt64(place % 2), start + 5_000_000)
        one.operation = .http
        one.kind = place % 2 == 0 ? 3 : 2
        one.process = UInt32(place % 2) + 1
        if place % 2 == 1 {
            one.key.traceID.low = UInt64(place) + 10
            one.parentSpanID = .invalid
        }
        return one
    })
repair(
    "50,000 clients and as many servers of one path, all open at once",
    (0..<count).map { place in
        var one = span(place, UInt64(place), 10 * n + UInt64(place % 1_000))
        one.operation = .http
        one.kind = place % 2 == 0 ? 3 : 2
        one.process = UInt32(place % 2) + 1
        one.request.method = 1
        one.request.path = 7
        if place % 2 == 1 {
            one.end -= 2_000
            one.key.traceID.low = UInt64(place) + 10
            one.parentSpanID = .invalid
        }
        return one
    })
repair(
    "50,000 workers, each a process",
    (0..<count).map { place in
        let start = UInt64(place / 2) * 1_000
        var one = span(place, start + UInt64(place % 2), start + 5_000_000 - UInt64(place % 2))
        one.nameShape = UInt64(place % 2) + 1
        if place == 0 { one.end = 1_000 * n }
        if place % 2 == 1 {
            one.process = UInt32(place) + 10
            one.key.traceID.low = UInt64(place) + 10
            one.parentSpanID = .invalid
        }
        return one
    })
repair(
    "1,000 workers of 100 spans without context",
    (0..<count).map { place in
        let worker = place / 100
        let start = UInt64(worker) * 1_000_000 + UInt64(place % 100) * 10_000
        var one = span(place, start, start + 5_000, below: worker * 100)
        one.process = UInt32(worker) + 10
        one.key.traceID.low = UInt64(worker) + 10
        one.nameShape = UInt64(place % 100 == 0 ? 1 : 2)
        if place % 100 == 0 {
            one.parentSpanID = .invalid
            one.end = place == 0 ? 10_000_000 * n : start + 40_000_000
        } else {
            one.operation = place % 3 == 0 ? .tool : .model
        }
        return one
    })

let mender = Mender(rules: try RuleSet.builtIn())
for damage in [DamageKind.none, .mixed, .lostContext] {
    let name = "mending a run of many agents, damage \(damage.rawValue), with normalising"
    guard isPicked(name) else { continue }
    let run = RepairCase.large(damage, spans: count, seed: 5)
    measure(name) {
        mender.mend(run, identity: .named("large")).spans.count
    }
}
