import Foundation

// usage: codec-torture --captures FOLDER [--rounds N] [--seed S] [--seconds S]     judges mutants in this process
//        codec-torture … --write yes          and writes each with its verdict, for scripts/torture_upb.py

struct Torture {
    private var values: [String: String] = [:]
    private let sources: [[UInt8]]

    init(_ words: [String]) throws {
        for place in stride(from: 0, to: words.count - 1, by: 2) {
            values[words[place]] = words[place + 1]
        }
        sources = try Self.bodies(
            in: URL(filePath: values["--captures"] ?? "Tests/Fixtures/captures"))
    }

    /// The trace exports in protobuf that came uncompressed and are small, so that damage matters.
    private static func bodies(in folder: URL) throws -> [[UInt8]] {
        let names = FileManager.default.enumerator(atPath: folder.path)?.compactMap {
            $0 as? String
        }
        return try (names ?? []).sorted().filter { $0.hasSuffix(".headers.json") }.compactMap {
            name in
            let headers = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
            let stem = name.dropLast(".headers.json".count)
            let body = try Data(contentsOf: folder.appending(path: "\(stem).bin"))
            let isPlain =
                headers.contains("application/x-protobuf") && !name.contains("other/")
                && !headers.lowercased().contains("content-encoding")
            return isPlain && body.count < 4_500 ? Array(body) : nil
        }
    }

    func run() -> Int32 {
        let rounds = values["--rounds"].flatMap(Int.init) ?? 1_000_000
        let seed = values["--seed"].flatMap(UInt64.init) ?? UInt64.random(in: 0..<1 << 32)
        let end = Date(timeIntervalSinceNow: values["--seconds"].flatMap(Double.init) ?? 600)
        var random = SeededGenerator(seed: seed)
        var (done, accepted, compared, failures) = (0, 0, 0, 0)
        while done < rounds, Date() < end {
            let body = Mutation.mutate(sources, using: &random)
            let judgement = ProtobufJudgement(body)
            done += 1
            if judgement.isAccepted { accepted += 1 }
            if judgement.isCompared { compared += 1 }
            if values["--write"] != nil { write(body, judgement) }
            if let failure = judgement.failure {
                failures += 1
                report("seed \(seed), round \(done - 1): \(failure): \(hexadecimal(body))")
                if failures == 10 { break }
            }
        }
        report(
            "seed \(seed): \(done) mutants of \(sources.count) bodies, \(accepted) accepted, "
                + "\(compared) compared with libprotobuf-c, \(failures) failures")
        return failures == 0 && done > 0 ? 0 : 1
    }

    /// Flags, then the body and what became of it, each behind its length in four bytes.
    private func write(_ body: [UInt8], _ judgement: ProtobufJudgement) {
        var record = Data([(judgement.isAccepted ? 1 : 0) | (judgement.hasOddText ? 2 : 0)])
        for bytes in [body, judgement.encoded] {
            withUnsafeBytes(of: UInt32(bytes.count).littleEndian) { record.append(contentsOf: $0) }
            record.append(contentsOf: bytes)
        }
        FileHandle.standardOutput.write(record)
    }

    private func report(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}

exit(try Torture(Array(CommandLine.arguments.dropFirst())).run())
