import Foundation
import GRDB
import Mending
import OTLP
import SQLiteArchive
import Sinks
import Testing

@Suite struct ReadingTests {
    @Test func aRunComesBackInCausalOrder() async throws {
        let store = try TemporaryArchive()
        var run = RunSketch()
        run.add("second", span: 2)
        run.add("first", span: 1)
        run.spans[0].sequence = 1
        run.spans[1].sequence = 0
        try await store.archive.deliver(run.revision())
        let batch = try #require(try await store.archive.reader.batch(ofRun: "ro-1/at-1"))
        #expect(batch.spans.map { batch.string($0.name) } == ["first", "second"])
    }

    @Test func aRunCanBeReadFromAnotherConnectionWhileTheArchiveIsOpen() async throws {
        let store = try TemporaryArchive()
        let reader = try ArchiveReader(directory: store.directory)
        #expect(try await reader.run("ro-1/at-1") == nil)
        #expect(try await reader.batch(ofRun: "ro-1/at-1") == nil)
        try await store.archive.deliver(
            sketch { $0.add("a", trace: 7, span: 1, mendedTrace: 8) }.revision(settled: true))
        let run = try #require(try await reader.run("ro-1/at-1"))
        #expect(run.rolloutID == "ro-1")
        #expect(run.attemptID == "at-1")
        #expect(run.isSettled)
        #expect(run.spanCount == 1)
        #expect(run.traceIDs == [TraceID(high: 0xA, low: 7)])
        #expect(run.startTimeUnixNano == 1_700_000_000_000_000_000)
        #expect(try await reader.runs(ofTrace: TraceID(high: 0xA, low: 7)) == ["ro-1/at-1"])
        #expect(try await reader.runs(ofTrace: TraceID(high: 0xA, low: 8)) == ["ro-1/at-1"])
        #expect(try await reader.runs(ofTrace: TraceID(high: 0xA, low: 9)).isEmpty)
        #expect(try await reader.runs(ofRollout: "ro-1").map(\.id) == ["ro-1/at-1"])
    }

    @Test func pagesHoldEveryRunOnceNewestFirst() async throws {
        let store = try TemporaryArchive()
        for run in 1...7 {
            if run % 2 == 0 { store.time.advance(seconds: 1) }
            try await store.archive.deliver(
                sketch { $0.add("a", trace: UInt64(run), span: 1) }
                    .revision(of: "run~\(run)", rollout: nil, attempt: nil))
        }
        var ids: [String] = []
        var cursor: String?
        repeat {
            let page = try await store.archive.reader.runs(limit: 3, after: cursor)
            #expect(page.runs.count <= 3)
            ids += page.runs.map(\.id)
            cursor = page.next
        } while cursor != nil
        #expect(ids == (1...7).reversed().map { "run~\($0)" })
    }

    @Test(arguments: ["", "x", "12", "a~b"])
    func aCursorThatIsNoneIsRefused(cursor: String) async throws {
        let store = try TemporaryArchive()
        await #expect(throws: ArchiveError.self) {
            try await store.archive.reader.runs(limit: 1, after: cursor)
        }
    }

    @Test func aDirectoryWithoutArchiveIsRefused() {
        #expect(throws: ArchiveError.self) { try ArchiveReader(directory: "/nowhere/at/all") }
    }

    @Test func aFileOfANewerProgramIsRefused() async throws {
        let store = try TemporaryArchive()
        try await store.archive.close()
        let path = store.directory + "/" + SQLiteArchive.fileName
        let queue = try DatabaseQueue(path: path)
        try await queue.write { db in try db.execute(sql: "PRAGMA user_version = 99") }
        try queue.close()
        #expect(throws: ArchiveError.self) { try SQLiteArchive(.init(directory: store.directory)) }
        #expect(throws: ArchiveError.self) { try ArchiveReader(directory: store.directory) }
    }
}
