import Compression
import Foundation
import OTLP
import SemanticConventions

// Does one operation so many times, for callgrind: what a repetition costs is the difference of two
// such runs, divided by the difference of their numbers.
//
// --bodies FOLDER --body NAME --operation decode|decode-normalize --repeat N
//
// The body `keys-1000` is one span of so many attributes.

var values: [String: String] = [:]
let words = Array(CommandLine.arguments.dropFirst())
for place in stride(from: 0, to: words.count - 1, by: 2) {
    values[words[place]] = words[place + 1]
}
let folder = URL(filePath: values["--bodies"] ?? "Benchmarks/Bodies")
let name = values["--body"] ?? "batch512"
let body =
    if let count = name.split(separator: "-").last.flatMap({ Int($0) }) {
        try spanOfKeys(count)
    } else {
        try inflate(
            Array(try Data(contentsOf: folder.appending(path: "\(name).pb.gz"))),
            encoding: .gzip, limit: 64 << 20)
    }
let rules = try RuleSet.builtIn()
let normalizer = Normalizer(rules: rules)
let repetitions = values["--repeat"].flatMap { Int($0) } ?? 1

var batch = TraceBatch(keys: rules.keyTable)
var sum = 0
switch values["--operation"] {
case "decode":
    for _ in 0..<repetitions {
        try batch.decode(protobuf: body)
        sum &+= batch.attributes.count
    }
case "decode-normalize":
    for _ in 0..<repetitions {
        try batch.decode(protobuf: body)
        normalizer.normalize(&batch)
        sum &+= batch.attributes.count
    }
default:
    FileHandle.standardError.write(Data("no such operation\n".utf8))
    exit(64)
}
print(name, sum)
