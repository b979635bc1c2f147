public import Foundation

/// What the programs of the benchmarks are told.
///
/// `--bodies FOLDER --body NAME --operation NAME --repeat N`
public struct Arguments {
    private var values: [String: String] = [:]

    public init(_ words: [String] = Array(CommandLine.arguments.dropFirst())) {
        for place in stride(from: 0, to: words.count - 1, by: 2) {
            values[words[place]] = words[place + 1]
        }
    }

    public subscript(name: String) -> String? { values["--\(name)"] }

    public var bodies: URL { URL(filePath: self["bodies"] ?? "Benchmarks/Bodies") }

    public func number(_ name: String, default value: Int) -> Int {
        self[name].flatMap(Int.init) ?? value
    }
}

/// Does one operation so many times, for callgrind: what a repetition costs is the difference of two
/// such runs, divided by the difference of their numbers.
public func repeatOperation(
    _ arguments: Arguments, of operations: (Body) throws -> [Operation]
) throws {
    let body = try Body(arguments["body"] ?? "batch512", in: arguments.bodies)
    let wanted = arguments["operation"]
    guard let operation = try operations(body).first(where: { $0.name == wanted }) else {
        throw UsageError(text: "no such operation: \(wanted ?? "none")")
    }
    var sum = 0
    for _ in 0..<arguments.number("repeat", default: 1) { sum &+= operation.run() }
    print(operation.name, body.name, sum)
}

public struct UsageError: Error, CustomStringConvertible {
    public var text: String
    public var description: String { text }
}
