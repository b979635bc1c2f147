import Foundation
import Mending
import OTLP
import RepairCases
import SemanticConventions

var seed: UInt64 = 2026
var count = 60
var faults = 0
var arguments = Array(CommandLine.arguments.dropFirst())
while arguments.count >= 2 {
    let value = arguments[1]
    switch arguments[0] {
    case "--seed": seed = UInt64(value) ?? seed
    case "--cases": count = Int(value) ?? count
    case "--faults": faults = Int(value) ?? faults
    default:
        FileHandle.standardError.write(Data("unknown option \(arguments[0])\n".utf8))
        exit(64)
    }
    arguments.removeFirst(2)
}

let evaluation = Evaluation(Mender(rules: try RuleSet.builtIn()))
var score = Score()
for damage in DamageKind.allCases {
    let cases = Evaluation.cases(damage, count: count, seed: seed)
    score.add(evaluation.score(cases))
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
    }
}
