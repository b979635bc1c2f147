import CodecOperations

struct Measured {
    var name: String
    /// The least of many repetitions; others are disturbed by what else the machine does.
    var nanoseconds: Double
    /// In one repetition, after some.
    var allocations: Int
}

/// Does the operations in turn, so that a slow spell of the machine meets all of them.
func measure(_ operations: [CodecOperations.Operation], seconds: Double) -> [Measured] {
    var measured = operations.map { operation in
        for _ in 0..<2 { consume(operation.run()) }
        let count = allocations { consume(operation.run()) }
        return Measured(name: operation.name, nanoseconds: .infinity, allocations: count)
    }
    let clock = ContinuousClock()
    let end = clock.now.advanced(by: .seconds(seconds))
    repeat {
        for place in operations.indices {
            let time = clock.measure { consume(operations[place].run()) }
            let nanoseconds =
                Double(time.components.attoseconds) / 1e9
                + Double(time.components.seconds) * 1e9
            measured[place].nanoseconds = min(measured[place].nanoseconds, nanoseconds)
        }
    } while clock.now < end
    return measured
}

@inline(never)
private func consume(_ result: Int) {}

/// Prints each operation with how it compares with libprotobuf-c on its arena.
func printTable(_ measured: [Measured], of body: Body) {
    print("\n\(body.name): \(body.bytes.count) bytes")
    print("operation".padded(30), "    us", "   MB/s", "allocations", "of protobuf-c")
    for operation in measured {
        let baseline = measured.first { $0.name == baselineName(of: operation.name) }
        let ratio = baseline.map { (operation.nanoseconds / $0.nanoseconds).fixed(2) } ?? "-"
        print(
            operation.name.padded(30), (operation.nanoseconds / 1000).fixed(0).aligned(6),
            (Double(body.bytes.count) * 1000 / operation.nanoseconds).fixed(0).aligned(7),
            "\(operation.allocations)".aligned(11), ratio.aligned(13))
    }
}

private func baselineName(of operation: String) -> String? {
    if operation.contains("json") { return nil }
    switch operation.split(separator: "-").first {
    case "decode": return "decode-protobuf-c-arena"
    case "encode": return "encode-protobuf-c"
    case "rename": return "rename-protobuf-c-arena"
    default: return nil
    }
}

extension Double {
    fileprivate func fixed(_ digits: Int) -> String {
        let scale = digits == 0 ? 1.0 : 100.0
        let rounded = (self * scale).rounded() / scale
        return digits == 0 ? "\(Int(rounded))" : "\(rounded)"
    }
}

extension String {
    fileprivate func padded(_ width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }

    fileprivate func aligned(_ width: Int) -> String {
        String(repeating: " ", count: max(0, width - count)) + self
    }
}
