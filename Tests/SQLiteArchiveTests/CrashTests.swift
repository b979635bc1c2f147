import Foundation
import Mending
import OTLP
import SQLiteArchive
import Sinks
import Testing

@Suite struct CrashTests {
    /// A killed process leaves the log as far as it was written; every length must be survived.
    @Test func aLogThatEndsAnywhereLeavesTheOldRevisionOrTheNew() async throws {
        let store = try TemporaryArchive()
        try await store.archive.deliver(numberedRevision(1))
        let old = try logLength(store)
        try await store.archive.deliver(numberedRevision(2))
        let new = try logLength(store)
        #expect(old < new)

        var seen: Set<Int> = []
        for length in stride(from: old, through: new, by: 1_033).map(\.self) + [new] {
            let copy = try TemporaryFolder()
            let path = copy.path + "/" + SQLiteArchive.fileName
            let original = store.directory + "/" + SQLiteArchive.fileName
            try FileManager.default.copyItem(atPath: original, toPath: path)
            let log = try Data(contentsOf: URL(fileURLWithPath: original + "-wal"))
            try log.prefix(length).write(to: URL(fileURLWithPath: path + "-wal"))

            let archive = try SQLiteArchive(.init(directory: copy.path))
            seen.insert(try await wholeRevision(archive.reader))
            // What was lost comes again, and then it is there.
            try await archive.deliver(numberedRevision(2))
            #expect(try await wholeRevision(archive.reader) == 2)
            try await archive.close()
        }
        #expect(seen == [1, 2])
    }

    @Test func readersSeeWholeRevisionsWhileOthersAreWritten() async throws {
        let store = try TemporaryArchive()
        try await store.archive.deliver(numberedRevision(1))
        let reader = try ArchiveReader(directory: store.directory)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for number in 2...30 { try await store.archive.deliver(numberedRevision(number)) }
            }
            group.addTask {
                var last = 1
                while last < 30 {
                    let number = try await wholeRevision(reader)
                    #expect(number >= last)
                    last = number
                }
            }
            try await group.waitForAll()
        }
    }

    private func logLength(_ store: TemporaryArchive) throws -> Int {
        let path = store.directory + "/" + SQLiteArchive.fileName + "-wal"
        return try Data(contentsOf: URL(fileURLWithPath: path)).count
    }
}

/// A revision each of whose spans tells its number; even ones have more spans than odd ones.
func numberedRevision(_ number: Int) -> Revision {
    var sketch = RunSketch()
    for span in 1...(number % 2 == 0 ? 12 : 9) {
        sketch.add(
            "span", span: UInt64(span),
            [
                KeyValue("number", .int(Int64(number))),
                KeyValue("text", .string(String(repeating: "x", count: 300))),
            ])
    }
    return sketch.revision(number)
}

/// The number of the stored revision, once it is certain that all of it is there and nothing else.
func wholeRevision(_ reader: ArchiveReader) async throws -> Int {
    let batch = try #require(try await reader.batch(ofRun: "ro-1/at-1"))
    let numbers = Set(batch.spans.map { batch.value("number", in: $0.attributes)?.intValue })
    let number = Int(try #require(numbers.first ?? nil))
    #expect(numbers.count == 1)
    #expect(batch.protobuf() == numberedRevision(number).run.batch.protobuf())
    return number
}

/// A folder that goes away with the test.
final class TemporaryFolder {
    let path: String

    init() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("archive-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.path
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}
