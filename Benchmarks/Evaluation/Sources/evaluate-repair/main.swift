import Foundation
import Mending
import OTLP
import RepairCases
import SemanticConventions

var seed: UInt64 = 2026
var count = 60
var faults = 0
var explains = false
var tests: [UInt64: [DamageKind: RepairCase]] = [:]
var export: String?
var captures: String?
var arguments = Array(CommandLine.arguments.dropFirst())
while arguments.count >= 2 {
    let value = arguments[1]
    switch arguments[0] {
    case "--seed": seed = UInt64(value) ?? seed
    case "--cases": count = Int(value) ?? count
    case "--explain": explains = value == "yes"
    case "--export": export = value
    case "--captures": captures = value
    case "--faults": faults = Int(value) ?? faults
    default:
        FileHandle.standardError.write(Data("unknown option \(arguments[0])\n".utf8))
        exit(64)
    }
    arguments.removeFirst(2)
}

let evaluation = Evaluation(Mender(rules: try RuleSet.builtIn()))
var score = Score()
var exported: [[String: Any]] = []
for damage in DamageKind.allCases {
    let cases = Evaluation.cases(damage, count: count, seed: seed)
    if explains { for test in cases { tests[test.seed, default: [:]][damage] = test } }
    score.add(evaluation.score(cases))
    if export != nil { exported += cases.map(exportedCase) }
}
if let export {
    try JSONSerialization.data(withJSONObject: exported).write(to: URL(fileURLWithPath: export))
}
print("seed \(seed), \(count) cases a kind")
print(score.table)
print("")
print(score.calibrationTable)
for kind in DamageKind.allCases.map(Optional.some) + [nil] {
    for fault in score.faults.filter({ $0.damage == kind }).prefix(faults) {
        print(
            "\(fault.damage?.rawValue ?? "undamaged") \(fault.program) seed \(fault.seed): span "
                + "\(fault.span.spanID) is below \(fault.found.map { "\($0.spanID)" } ?? "none"), "
                + "should be \(fault.expected.map { "\($0.spanID)" } ?? "none"); "
                + "\(fault.rule) \(fault.confidence)")
        guard explains, let test = tests[fault.seed]?[fault.test],
            let why = evaluation.explanation(of: fault.span, in: test)
        else { continue }
        for candidate in why.candidates.prefix(5) {
            let mark =
                candidate.key == fault.expected ? "TRUE" : candidate.isChosen ? "took" : "    "
            print(
                "    \(mark) \(candidate.key.spanID) \(candidate.name) \(candidate.weight): "
                    + candidate.evidence.map { "\($0.text) \($0.weight)" }.joined(separator: ", "))
        }
    }
}

if let captures {
    var frozen = Score()
    for capture in try healthyCaptures(in: captures) {
        for damage in [DamageKind.none, .selfParent, .lostParent, .crash, .lostContext, .mixed] {
            for place in 0..<5 as Range<UInt64> {
                let test = RepairCase.make(
                    capture.scene, name: capture.name, damage, seed: place,
                    random: SeededRandom(seed: place &+ 1))
                frozen.add(evaluation.score([test]))
            }
        }
    }
    print("\nthe same damages in healthy captures of real libraries")
    print(frozen.table)
    for kind in DamageKind.allCases.map(Optional.some) + [nil] {
        for fault in frozen.faults.filter({ $0.damage == kind }).prefix(faults) {
            print(
                "\(fault.damage?.rawValue ?? "undamaged") in \(fault.test.rawValue) \(fault.program) \(fault.seed) span \(fault.span.spanID) below \(fault.found.map { "\($0.spanID)" } ?? "none") should \(fault.expected.map { "\($0.spanID)" } ?? "none") \(fault.rule) \(fault.confidence)"
            )
        }
    }
}
