import TestSupport
import Foundation
import GRDB
import Inbox
import Testing

@Suite("A process that is killed loses nothing that it acknowledged")
struct CrashTests {
    @Test("After a shutdown all of it is one file")
    func shutdown() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                let id = try await inbox.append(request(span(1)))
                #expect(try await inbox.reader.body(ofRequest: id) != nil)
            }
            let files = try FileManager.default.contentsOfDirectory(atPath: scratch.directory)
            #expect(files == ["inbox.sqlite"])
        }
    }

    @Test("Killed after some acknowledged requests", arguments: 1...4)
    func kill(round: Int) async throws {
        try await withScratch { scratch in
            let seed = UInt64.random(in: 0...UInt64.max)
            var random = SeededGenerator(seed: seed)
            let lines = Int.random(in: 1...300, using: &random)
            print("crash test: seed \(seed), killed after \(lines) lines")

            let writer = Process()
            writer.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
                .deletingLastPathComponent().appendingPathComponent("inbox-writer")
            writer.arguments = [scratch.file, "\(seed)"]
            let output = Pipe()
            writer.standardOutput = output
            try writer.run()
            var text = Data()
            while text.count(where: { $0 == 10 }) < lines {
                let more = output.fileHandleForReading.availableData
                guard !more.isEmpty else { break }
                text.append(more)
            }
            #expect(Foundation.kill(writer.processIdentifier, SIGKILL) == 0)
            writer.waitUntilExit()
            text.append(output.fileHandleForReading.readDataToEndOfFile())

            // What follows the last line feed was cut off while it was printed.
            let acknowledged = String(decoding: text, as: UTF8.self)
                .split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                .compactMap { line -> (Int64, Int)? in
                    let words = line.split(separator: " ")
                    guard words.count == 2, let id = Int64(words[0]), let bytes = Int(words[1])
                    else { return nil }
                    return (id, bytes)
                }
            #expect(acknowledged.count >= lines, "seed \(seed)")
            #expect(Set(acknowledged.map(\.0)).count == acknowledged.count, "seed \(seed)")
            try await scratch.open { inbox in
                for (id, bytes) in acknowledged {
                    let body = try await inbox.reader.body(ofRequest: id)
                    #expect(body?.count == bytes, "seed \(seed), request \(id)")
                }
                #expect(inbox.counts.undeliveredRequests == inbox.counts.requests)
                try await inbox.mendAll()
                try await inbox.deliverAll(to: "archive")
                #expect(inbox.counts.undeliveredRequests == 0, "seed \(seed)")
            }
            #expect(
                try scratch.database { try String.fetchOne($0, sql: "PRAGMA integrity_check") }
                    == "ok")
        }
    }
}
